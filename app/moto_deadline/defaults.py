"""Where the embedded farm is."""

ACCOUNT = "123456789012"
"""The account that moto serves to every credential it does not know."""

REGION = "us-west-2"
