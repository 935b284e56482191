"""In which lunar frame a gravity model's coefficients are: as its header says, else as its name implies."""

import re

#: Mean Earth/polar axis, the frame of maps and topography.
MEAN_EARTH = "mean-earth"

# Models whose files do not say it, by the names of distributor and archive. The archive's labels name that of
# GRGM660PRIM (DE421), GRGM1200A (DE430) and GL1800F (DE440), whose twin ..._ME is in the mean Earth frame.
# The others have the ephemeris of their time: Konopliv et al. 2013, 2014; Lemoine et al. 2014.
_FRAME_OF = {
    r"(gl|jggrx_)0*1800\w?_me": MEAN_EARTH,
    r"(gl|jggrx_)0*1800": "de440",
    r"(grgm|gggrx_0*)(900|1200)": "de430",
    r"(grgm|gggrx_0*)660": "de421",
    r"(gl|jggrx_)0*(900|1500)": "de430",
    r"(gl|jggrx_)0*(420|660)": "de421",
}
_EPHEMERIS = re.compile(r"\bDE[- ]?(\d{3})\b", re.IGNORECASE)


def frame_of(head: bytes, name: str) -> str | None:
    """`MEAN_EARTH`, or the ephemeris in whose principal axes they are, as ``de430``; None if not known.

    Parameters
    ----------
    head : bytes
        What stands before the coefficients, comments included.
    name : str
        Of the model.
    """
    text = head.decode("latin-1")
    if re.search(r"mean[- ]earth", text, re.IGNORECASE):
        return MEAN_EARTH
    if said := _EPHEMERIS.search(text):
        return f"de{said[1]}"
    known = (each for pattern, each in _FRAME_OF.items() if re.match(pattern, name, re.IGNORECASE))
    return next(known, None)
