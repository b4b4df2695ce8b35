"""The simulated robots as a program: their addresses, and what people saw."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

import aiohttp
import pytest


@pytest.mark.timeout(60)
async def test_the_program_prints_addresses_that_take_messages() -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.robots", "--port", "0", "--token", "T", stdout=PIPE
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(30):
            urls = [(await program.stdout.readline()).decode().strip() for _ in range(3)]
        (wecom,) = [url for url in urls if "webhook" in url]
        async with aiohttp.ClientSession() as client:
            message = {"msgtype": "text", "text": {"content": "困人"}}
            for key, code in (("T", 0), ("another", 93000)):
                async with client.post(wecom, params={"key": key}, json=message) as response:
                    assert response.status == 200
                    assert json.loads(await response.text())["errcode"] == code
            base = wecom.partition("/cgi-bin")[0]
            async with client.get(f"{base}/texts/wecom") as response:
                assert await response.json() == ["困人"]
            async with client.post(wecom, params={"key": "T"}, data=b"no json") as response:
                assert (await response.json())["errcode"] == 40008
    finally:
        program.kill()
        await program.wait()
