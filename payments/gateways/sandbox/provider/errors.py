class CallError(Exception):
    """A request the provider refuses, with the answer the caller gets."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class StartError(Exception):
    """The process cannot start; the message is the one line its user reads."""
