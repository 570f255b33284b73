"""The report at a local address."""

from threading import Thread
from urllib.request import urlopen

from saccade.serving import server


def test_a_page_is_served_to_this_machine_alone(tmp_path, capfd):
    page = tmp_path / "report.html"
    page.write_text("<p>seen</p>")
    with server(page) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        assert serving.server_address[0] == "127.0.0.1"
        with urlopen(f"http://127.0.0.1:{serving.server_port}/report.html") as answer:
            assert answer.read() == b"<p>seen</p>"
        serving.shutdown()
    assert capfd.readouterr().err == ""
