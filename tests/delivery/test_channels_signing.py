"""Each provider's signature against a value that openssl computed on a command line; the formulas differ."""

from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from gateway.delivery.channels import dingtalk, feishu
from gateway.delivery.channels.dingtalk import DingTalkSettings
from gateway.delivery.channels.feishu import FeishuSettings

# printf '1577262236757\n'$secret | openssl dgst -sha256 -hmac $secret -binary | base64
DINGTALK = "akbAbCC4p3VXwSVMWHpPPnO4Kr0Oc/5ktmuvNjumV1M="
# key=$(printf '1599360473\n'$secret | xxd -p -c 99); printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key ...
FEISHU = "OpfZgGs7v5iOfaeorGEV6UojMYZJhTxFpj9+iocpz9s="


def test_dingtalk_signs_time_in_milliseconds_and_secret_with_the_secret() -> None:
    assert dingtalk.sign("SEC-an-example-of-the-tests", 1577262236757) == DINGTALK


def test_feishu_signs_nothing_with_time_in_seconds_and_secret() -> None:
    assert feishu.sign("an-example-of-the-tests", 1599360473) == FEISHU


def test_dingtalks_signature_is_escaped_once_in_the_address() -> None:
    settings = DingTalkSettings(token=SecretStr("a b&c"), secret=SecretStr("SEC-an-example-of-the-tests"))
    address, body = dingtalk.request(settings, "text", 1577262236.757)
    assert address.endswith("&timestamp=1577262236757&sign=akbAbCC4p3VXwSVMWHpPPnO4Kr0Oc%2F5ktmuvNjumV1M%3D")
    assert parse_qs(urlsplit(address).query)["access_token"] == ["a b&c"]
    assert body == {"msgtype": "text", "text": {"content": "text"}}


def test_feishus_signature_is_in_the_body() -> None:
    settings = FeishuSettings(token=SecretStr("hook"), secret=SecretStr("an-example-of-the-tests"))
    address, body = feishu.request(settings, "text", 1599360473.9)
    assert address == "https://open.feishu.cn/open-apis/bot/v2/hook/hook"
    assert (body["timestamp"], body["sign"]) == ("1599360473", FEISHU)


def test_without_a_secret_nothing_is_signed() -> None:
    assert "sign" not in dingtalk.request(DingTalkSettings(token=SecretStr("t")), "text", 0.0)[0]
    assert set(feishu.request(FeishuSettings(token=SecretStr("t")), "text", 0.0)[1]) == {"msg_type", "content"}
