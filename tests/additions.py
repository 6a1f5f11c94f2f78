"""What adopters add to template.yaml: text to put into a copy of it, and where it goes."""

from policies.additions import without_additions
from policies.subject import ROOT

PARAMETER = "  Tier:\n    Type: String\n    Default: small\n"
CONDITION = "  Prod: !Equals [!Ref Tier, large]\n"
RESOURCES = """
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]

  Jobs:
    Condition: Prod
    Type: AWS::SQS::Queue

  News:
    Type: AWS::SNS::Topic

  Uploads:
    Type: AWS::S3::Bucket
    Properties: { WebsiteConfiguration: { IndexDocument: index.html } }

  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: { GenerateSecretString: {} }

  OrdersRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - { Effect: Allow, Action: sts:AssumeRole, Principal: { Service: lambda.amazonaws.com } }
      Policies:
        - PolicyName: Everything
          PolicyDocument: { Statement: [{ Effect: Allow, Action: '*', Resource: '*' }] }

  OrdersLog:
    Type: AWS::Logs::LogGroup

  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/hello/
      Handler: app.handler
      Runtime: python3.13
      Environment: { Variables: { TABLE: !Ref Orders } }

  HelloPermission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Hello
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*

  Phone:
    Type: AWS::Cognito::UserPoolClient
    Properties: { UserPoolId: !Ref UserPool }

"""
OUTPUT = "  Table: { Value: !GetAtt Orders.Arn }\n"
GLOBALS = "Globals:\n  Function:\n    Timeout: 7\n    Environment: { Variables: { ALL: yes } }\n"
VARIABLES = """        ORDERS_TABLE: !Ref Orders
        ORDERS_ARN: !GetAtt Orders.Arn
        ORDERS_STREAM: !Sub '${Orders.StreamArn}'
        NEWS_TOPIC: !Ref News
        UPLOADS: !Sub s3://${Uploads}
        SECRET: !Ref Secret
"""
STATEMENT = """        - PolicyName: Orders
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - { Effect: Allow, Action: dynamodb:*, Resource: !GetAtt Orders.Arn }
              - { Effect: Allow, Action: s3:GetObject, Resource: !Sub '${Uploads.Arn}/*' }
"""
OPEN_ROUTE = """          /orders:
            get:
              responses: { '200': { description: orders } }
              x-amazon-apigateway-integration:
                type: http_proxy
                httpMethod: GET
                uri: https://orders.example.com
"""
_INVOKE = "2015-03-31/functions/${Hello.Arn}/invocations"
ROUTE = f"""{OPEN_ROUTE}          /hello:
            post:
              security: [{{ SignedIn: [] }}]
              responses: {{ '200': {{ description: hello }} }}
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:aws:apigateway:${{AWS::Region}}:lambda:path/{_INVOKE}
"""

PLACES = {
    PARAMETER: "\nRules:\n",
    GLOBALS: "\nConditions:\n",
    CONDITION: "\nResources:\n",
    RESOURCES: "\nOutputs:\n",
    OUTPUT: "  SpaUrl:\n    Description: The chat",
    VARIABLES: "        # --- your variables",
    STATEMENT: "        # --- your statements",
    ROUTE: "          # --- your routes",
}
"""What each stands before."""


def extended(*additions: str) -> str:
    """template.yaml with the additions, or with all of them."""
    text = without_additions((ROOT / "template.yaml").read_text())
    for addition in additions or PLACES:
        place = PLACES[addition]
        assert text.count(place) == 1, place
        text = text.replace(place, f"\n{addition}{place}" if place[0] == "\n" else addition + place)
    return text
