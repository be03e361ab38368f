"""Names that every CDAR message bears."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from einvoicing.formats import xml

ROOT = "CrossDomainAcknowledgementAndResponse"
_STANDARD = "urn:un:unece:uncefact:data:standard:"
NS = xml.Namespaces(
    {
        "rsm": f"{_STANDARD}{ROOT}:100",
        "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
        "qdt": f"{_STANDARD}QualifiedDataType:100",
        "udt": f"{_STANDARD}UnqualifiedDataType:100",
    }
)
# format 204 carries no time zone: the times of a message are civil times of Paris (G7.40); here they are aware
PARIS = ZoneInfo("Europe/Paris")
