"""What can go wrong, each with the next thing to type.

Foreign exceptions are translated once, in `session`. An exit status says who can
mend it: 2 whoever typed or wrote the desired state, 3 whoever may act in the account.
"""


class InfraError(Exception):
    """Something that ends a command.

    Args:
        fact: What is wrong, with the offending value, never with a secret.
        remedy: What to type or to do next.
    """

    status = 3

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(f"{fact}\n{remedy}")
        self.fact = fact
        self.remedy = remedy


class BadDesiredState(InfraError):
    """The desired state, or the command line, asks for something that cannot be.

    Args:
        problems: One sentence each.
    """

    status = 2

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{name} cannot be made:{listed}", "change it in infra/environments.py")
        self.problems = problems


class WrongPlace(InfraError):
    """These credentials lead to another account, or the region is none."""

    status = 2


class NoAccess(InfraError):
    """There are no credentials, or they do not do."""


class Refused(InfraError):
    """AWS answered, and the answer is no.

    Args:
        code: Its error code, such as ``AccessDenied``.
        message: Its own words.
        operation: What it was asked, such as ``ec2:CreateVpc``.
    """

    def __init__(self, code: str, message: str, operation: str, remedy: str) -> None:
        super().__init__(f"{operation} was refused: {code}: {message}", remedy)
        self.code = code
        self.message = message
        self.operation = operation


class Absent(Refused):
    """The thing that was asked about does not exist."""


class Unanswered(InfraError):
    """No answer, or one that leaves open whether the call took effect."""


class Foreign(InfraError):
    """Something has our name and not our tags; it is never touched."""


class CannotChange(InfraError):
    """AWS changes a field only by making the thing anew, which would interrupt the service."""

    status = 2


class TookTooLong(InfraError):
    """A wait is over its limit, or came to an end nobody wants."""
