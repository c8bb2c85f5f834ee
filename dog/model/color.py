"""Between raw hue-saturation-brightness and red-green-blue.

Raw scales: hue 0..65535 for the full circle, saturation and brightness 0..254 (dogont.json, section C{types}; 255,
which some clients send, counts as 254), red, green and blue 0..255.
"""

from __future__ import annotations

import colorsys

from dog.model.values import HSBColor, RGBColor

#: The full scale of hue; of saturation and brightness; of a component of RGB.
HUE, PART, COMPONENT = 65535, 254, 255


def toRGB(color: HSBColor) -> RGBColor:
    """The same colour by its components, each rounded to the nearest integer."""
    parts = colorsys.hsv_to_rgb(
        color.hue / HUE, min(color.saturation, PART) / PART, min(color.brightness, PART) / PART
    )
    red, green, blue = (round(part * COMPONENT) for part in parts)
    return RGBColor(red, green, blue)


def toHSB(color: RGBColor) -> HSBColor:
    """The same colour by hue; a grey has hue 0 and saturation 0."""
    hue, saturation, brightness = colorsys.rgb_to_hsv(
        color.red / COMPONENT, color.green / COMPONENT, color.blue / COMPONENT
    )
    return HSBColor(round(hue * HUE), round(saturation * PART), round(brightness * PART))
