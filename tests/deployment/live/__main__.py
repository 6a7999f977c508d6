"""`make test-live`: deploys in an account of AWS, after it was confirmed, and deletes its stacks at the end."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from cdk_cleanroomsml_local import interrupt
from tests.deployment.clients import CdkCommands
from tests.deployment.live.account import Account
from tests.deployment.live.life import SECOND_STACK, STACK, Life

# docs/fidelity.md: a listing shows a new export within so long.
_LISTING_LAG_SECONDS = 15
CONFIRMATION, WORD = "CONFIRM", "start-one-export"
WARNING = f"""This deploys the stacks {STACK} and {SECOND_STACK} in account {{account}}, {{region}}, which must be
bootstrapped. The first run starts one export of {{percent}} percent. It costs money, it can never be deleted, and it is
one of the generation job's 25. Later runs find it and start none. The stacks are deleted at the end.
It takes as long as the export, and some minutes for each of the deployments. Nobody else may export the job in that
time."""


def main() -> int:
    """Run the life of an export; returns the exit status: 2 if nothing was done."""
    parser = argparse.ArgumentParser(prog="make test-live", description=__doc__)
    parser.add_argument("--job", required=True, help="ARN of an ACTIVE generation job, with your own account")
    parser.add_argument("--percent", type=int, required=True, help="a size that its configured audience model offers")
    arguments = parser.parse_args()
    interrupt.end_in_order()
    _, _, _, region, owner, _ = arguments.job.split(":", 5)
    with tempfile.TemporaryDirectory() as folder:
        account = Account(Path(folder), region)
        caller = account.client("sts").get_caller_identity()["Account"]
        print(WARNING.format(account=caller, region=region, percent=arguments.percent))
        if caller != owner:
            print(
                f"\nThe credentials are of account {caller}, the generation job's ARN is of {owner}. Nothing was done."
            )
            return 2
        if os.environ.get(CONFIRMATION) != WORD:
            print(f"\nNothing was done. To do it, run it again with {CONFIRMATION}={WORD}.")
            return 2
        life = Life(account, CdkCommands(account), arguments.job, arguments.percent, _tell, until_listed=_until_listed)
        return _run(life, account)


def _run(life: Life, account: Account) -> int:
    try:
        status = _take_steps(life, account)
    finally:
        is_clean = _clean_up(life)
    return status if is_clean else 1


def _take_steps(life: Life, account: Account) -> int:
    try:
        name = life.run()
    except AssertionError as error:
        print(f"\nFailed: {error}\n")
        print(account.cdk.log.read_text())
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.")
        return 130
    print(f"\nEverything was as expected. The export {name} stays, because no API deletes one.")
    return 0


def _clean_up(life: Life) -> bool:
    try:
        life.clean_up()
    except AssertionError as error:
        print(f"\n{error}\nDelete the stacks yourself.")
        return False
    return True


def _until_listed() -> None:
    time.sleep(_LISTING_LAG_SECONDS)


def _tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
