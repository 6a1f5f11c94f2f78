"""The page of Markdown that the offline model shows, with everything a chat must render."""

PAGE = """\
# A page of Markdown

This page shows what a chat has to render: **bold**, *italic*, ~~struck~~ and `code`, and a
[link to the AG-UI protocol](https://docs.ag-ui.com).

## A list

1. Sign in
2. Ask a question
   - with a number in it
   - or without
3. Read the answer

- [x] streamed
- [ ] remembered for ever

## A table

| Part    | Stands for        | Local port |
|:--------|:------------------|-----------:|
| site    | CloudFront and S3 |       3000 |
| gateway | API Gateway       |       3001 |
| runtime | AgentCore Runtime |       3003 |
| bedrock | Bedrock Runtime   |       3004 |

## Code

```python
def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
```

## Mathematics

The roots of $ax^2 + bx + c = 0$ are

$$
x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

> A stream is a promise kept word by word.

---

### The end

That was the page.
"""
