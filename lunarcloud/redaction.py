"""What nobody may read in a message, a log or a record: credentials in URLs and beside their names."""

import re

# None reaches beyond a quote, or the backslash before one: what is JSON stays JSON.
# What stands before @ in a URL.
_USER = re.compile(r"""(?<=://)[^/\s"'<>?#\\]*@""")
# The query of a web address, where signatures stand; of another URL, in which ? may be a glob's mark, only if
# it names something. A sentence's punctuation after it is none of it.
_QUERY = re.compile(
    r"""(?i)(https?://[^\s"'<>?\\]*\?|[a-z][\w+.-]*://[^\s"'<>?\\]*\?(?=[^\s"'<>\\]*=))"""
    r"""[^\s"'<>\\]*[^\s"'<>\\:;,.)\]]"""
)
# What a signed URL or an error of a library says after these names.
_NAMED = re.compile(
    r"(?i)((?:[\w-]*(?:signature|credential|secret|password|token|access[-_]?key)[\w-]*|\bsig)"
    r"(?:=|[\"']\s*:\s*)[\"']?)[^\s&\"',}<\\]+"
)


def without_credentials(url: str) -> str:
    """A URL without user, password, query and fragment."""
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def without_secrets(text: str) -> str:
    """Text without the credentials that URLs and libraries' errors may carry."""
    return _NAMED.sub(r"\1***", without_url_secrets(text))


def without_url_secrets(text: str) -> str:
    """Text whose URLs have neither user nor query; nothing else in it is touched, so JSON stays JSON."""
    if "://" not in text:
        return text
    return _QUERY.sub(r"\1***", _USER.sub("***@", text))
