"""What every reader of the template raises."""


class TemplateError(Exception):
    """The template cannot be used. The text names the place and says what would fix it."""
