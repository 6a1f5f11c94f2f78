"""Domains of one's own: certificates, protocols, the mapping to the stage, and records."""

from collections.abc import Iterator

from .subject import ORIGINS, Subject, at, policy


@policy
def the_page_has_its_domain_and_no_old_tls(subject: Subject) -> Iterator[str]:
    """CloudFront's own domain has a certificate of its own, and no choice of protocols."""
    parameters = subject.template.parameters
    config = at(subject.only("AWS::CloudFront::Distribution").properties, "DistributionConfig")
    aliases, certificate = None, {"CloudFrontDefaultCertificate": True}
    if parameters["SiteDomain"]:
        aliases = [parameters["SiteDomain"]]
        certificate = {
            "AcmCertificateArn": parameters["SiteCertificateArn"],
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        }
    if config.get("Aliases") != aliases:
        yield f"the page answers on {config.get('Aliases')}, not on {aliases}"
    if config.get("ViewerCertificate") != certificate:
        yield f"ViewerCertificate is {config.get('ViewerCertificate')}, not {certificate}"


@policy
def the_api_has_its_domain_and_the_same_paths(subject: Subject) -> Iterator[str]:
    """A client that changes the host need not change the path."""
    parameters = subject.template.parameters
    names = [each.properties for each in subject.every("AWS::ApiGateway::DomainName")]
    mappings = [each.properties for each in subject.every("AWS::ApiGateway::BasePathMapping")]
    api = subject.only("AWS::Serverless::Api")
    stage = api.properties["StageName"]
    expected_names, expected_mappings = [], []
    if parameters["ApiDomain"]:
        expected_names = [
            {
                "DomainName": parameters["ApiDomain"],
                "RegionalCertificateArn": parameters["ApiCertificateArn"],
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            }
        ]
        expected_mappings = [(parameters["ApiDomain"], stage, stage)]
    if names != expected_names:
        yield f"the API's domain is {names}, not {expected_names}"
    found = [(each.get("DomainName"), each.get("BasePath"), each.get("Stage")) for each in mappings]
    if found != expected_mappings:
        yield f"domain, path and stage are {found}, not {expected_mappings}"


@policy
def addresses_are_those_of_the_domains(subject: Subject) -> Iterator[str]:
    """What scripts and the page read; the headers and the sign-in have policies of their own."""
    outputs = subject.template.outputs
    stage = subject.only("AWS::Serverless::Api").properties["StageName"]
    for name, value in {"SpaUrl": ORIGINS.site, "ApiUrl": f"{ORIGINS.api}/{stage}"}.items():
        if outputs.get(name) != value:
            yield f"{name} is {outputs.get(name)}, not the domain's address"


@policy
def records_lead_to_the_domains(subject: Subject) -> Iterator[str]:
    """In the hosted zone, if there is one; for the page IPv6 as well, which API Gateway lacks."""
    parameters = subject.template.parameters
    expected = set()
    if parameters["HostedZoneId"]:
        if parameters["SiteDomain"]:
            site = subject.template.outputs["SiteTarget"]
            expected |= {(parameters["SiteDomain"], kind, site) for kind in ("A", "AAAA")}
        if parameters["ApiDomain"]:
            api = subject.template.outputs["ApiTarget"]
            expected.add((parameters["ApiDomain"], "A", api))
    found = set()
    for each in subject.every("AWS::Route53::RecordSet"):
        record = each.properties
        found.add((record.get("Name"), record.get("Type"), at(record, "AliasTarget", "DNSName")))
        if record.get("HostedZoneId") != parameters["HostedZoneId"]:
            yield f"{each.id} is in {record.get('HostedZoneId')}, not in the hosted zone"
    if found != expected:
        yield f"the records are {found}, not {expected}"
