"""`make docs` as a person uses it: open the address that it prints, end it with Ctrl-C."""

import re
import signal
import urllib.request

from tests.fakes.processes import program_running


def test_the_site_is_served_until_ctrl_c() -> None:
    with program_running("-m", "website") as served:
        assert served.stdout
        line = served.stdout.readline()
        [address] = re.findall(r"http://127\.0\.0\.1:\d+/", line)
        open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with open_directly.open(f"{address}errors/", timeout=30) as response:
            assert "DeadlineExceeded" in response.read().decode()
        served.send_signal(signal.SIGINT)
        rest, _ = served.communicate(timeout=30)
    assert served.returncode == 0, line + rest
    assert rest == "\nThe server has stopped.\n"
