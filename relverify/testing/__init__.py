"""The conformance kit: what every theorem must pass, for this project and for third parties."""
