"""A cloud on this machine for the demo and the tests: MiniStack, an emulator of Clean Rooms ML and the CDK CLI.

Nothing here is part of the library. Everything binds to 127.0.0.1 on free ports and stops with the command.
"""
