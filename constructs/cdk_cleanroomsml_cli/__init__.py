"""The command line `cdk-cleanroomsml`: what a deployment would start, where exports stand, and whose they are.

It is installed with the extra `cli`. All commands only read, except `local`, which the extra `local` adds: it runs a
cloud on this machine.

- `entry`: starts the command line, or says what to install
- `commands`: the commands `check`, `watch` and `exports`, their options and exit codes
- `local_command`: the command `local`
- `facts`: what was read, as values
- `assembly`: the exports that a synthesised app, or one template, declares
- `templates`: templates read as CloudFormation reads them: values, parameters, nested stacks
- `service`, `stacks`: the only callers of Clean Rooms ML, and of CloudFormation and STS
- `checking`, `watching`, `ledger_reading`: each reads what one command needs
- `declared`: an export as a template declares it
- `start_check`: whether the service would accept a start; pure
- `verdict`: what a deployment would do with each export; pure
- `progress`: where each export of a stack stands; pure
- `ledger`: whose export each one is, and what is left; pure
- `layout`: blocks of lines at the console's width
- `rendering`, `json_output`: the results as text, and as JSON
"""
