"""The controls of an emulator that runs in a test."""

import httpx

from tests.emulator.running import Emulator, Json


class Controls:
    def __init__(self, emulator: Emulator) -> None:
        self.base = emulator.instance.environment()["ACR_EMULATOR_CONTROL"]
        self.http = httpx.Client(trust_env=False, timeout=60)

    def post(self, name: str, body: Json | None = None) -> Json:
        answer = self.http.post(f"{self.base}/{name}", json=body or {})
        assert answer.status_code == 200, answer.text
        state: Json = answer.json()
        return state

    def get(self, name: str) -> list[Json]:
        recorded: list[Json] = self.http.get(f"{self.base}/{name}").json()
        return recorded
