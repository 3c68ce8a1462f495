"""A clock that tests turn by hand."""


class Clock:
    """Seconds; call it to read it."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s
