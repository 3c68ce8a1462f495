"""Environments to test with: between them, everything there is."""

from dataclasses import replace

from infra.desired import Domain, Egress, Environment, Network, Tasks
from infra.environments import ENVIRONMENTS

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"
STAGING, PRODUCTION = ENVIRONMENTS
SECURE = replace(PRODUCTION, domain=Domain(name="img.example.com", certificate_arn=CERTIFICATE))
FRUGAL = replace(SECURE, name="frugal", network=Network(egress=Egress.NAT))
SEALED = Environment(
    name="sealed", network=Network(egress=Egress.ENDPOINTS), tasks=Tasks(buckets=("pictures",), spot_percent=50)
)
ALL = (STAGING, SECURE, SEALED)
