"""Why a platform cannot be loaded."""


class PlatformLoadError(Exception):
    """A platform cannot be loaded. The text says why and what to do."""


class UnknownPlatformError(PlatformLoadError):
    """There is no platform of that name."""


class PlatformOptionError(PlatformLoadError):
    """The platform does not have such an option, or not with such a value."""


class PlatformUnavailableError(PlatformLoadError):
    """The platform is known but cannot be used on this machine as it is."""
