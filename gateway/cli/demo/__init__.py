"""The demo: a whole simulated property, the production daemon, and a dispatch API, in one command."""
