"""Issuers of keys that have no form of their own. Near an issuer's name a random value is its key, and beside
`the deepgram key` one of hexadecimal digits is too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mock_openai.redaction.forms import trie

_NAMES = (
    # voices, telephones, messages
    "deepgram assemblyai elevenlabs cartesia lmnt playht speechmatics gladia soniox resemble vapi "
    "retell ultravox inworld sarvam tavus heygen simli neuphonic speechify picovoice vonage nexmo "
    "twilio plivo telnyx sinch messagebird infobip clicksend signalwire livekit telegram discord "
    "whatsapp onesignal pusher pubnub mailgun sendgrid mailchimp postmark sendinblue brevo sparkpost "
    "klaviyo "
    # models, search, data
    "mistral cohere deepseek moonshot sambanova cerebras openrouter anyscale runpod huggingface "
    "pinecone weaviate qdrant langfuse langsmith wandb helicone braintrust tavily serpapi firecrawl "
    "browserbase algolia meilisearch typesense mapbox openweather newsapi giphy unsplash shodan "
    "virustotal abuseipdb ipinfo etherscan infura finnhub "
    # operations, clouds, business
    "datadog newrelic pagerduty opsgenie rollbar bugsnag honeycomb grafana splunk logtail betterstack "
    "sumologic mixpanel amplitude posthog launchdarkly statsig configcat stripe paypal adyen "
    "braintree plaid razorpay mollie coinbase binance shopify hubspot salesforce zendesk intercom "
    "freshdesk pipedrive airtable asana figma atlassian trello clickup contentful cloudflare "
    "digitalocean linode hetzner vultr scaleway heroku netlify vercel supabase firebase planetscale "
    "upstash databricks snowflake backblaze wasabi ngrok tailscale okta auth0 artifactory codecov "
    "circleci buildkite "
)
NAMES = tuple(sorted(_NAMES.split()))
"""In lower case. None is an ordinary word."""


@cache
def _any() -> re.Pattern[bytes]:
    return re.compile(trie(NAMES).encode())


@cache
def _before() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?<![a-z0-9])" + trie(NAMES).encode() + rb"(?:'s|\.io|\.com)?(?:[ ][a-z-]{2,12})?[ ]\Z"
    )


@cache
def _after() -> re.Pattern[bytes]:
    return re.compile(
        rb"s?[ ](?:for|of|from|at|to|on|by)[ ](?:the |our |my |your )?"
        + trie(NAMES).encode()
        + rb"(?![a-z0-9])"
    )


def found(told: bytes) -> bool:
    """Return whether a text names issuers; `told` are the words of it that tell of secrets."""
    return _any().search(told) is not None


def named(low: bytes) -> Iterator[re.Match[bytes]]:
    """Yield where a text in lower case names issuers."""
    yield from _any().finditer(low)


def owns(low: bytes, begin: int, end: int) -> bool:
    """Return whether the key that the word from `begin` to `end` means is an issuer's."""
    before = _before().search(low, max(0, begin - 40), begin)
    return before is not None or _after().match(low, end) is not None
