"""The SDK's version; it is in the user agent."""

VERSION = "0.1.0"
