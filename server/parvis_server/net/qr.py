"""Codes to scan."""

import io

import segno

SVG_TYPE = "image/svg+xml"


def qr_svg(link: str) -> bytes:
    """A QR code of ``link`` (ISO 18004) as a drawing that scales."""
    drawing = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, xmldecl=False
    )
    return drawing.getvalue()
