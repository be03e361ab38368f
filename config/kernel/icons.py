"""The product's icons: one weight (1.75), a 24 grid, drawn with strokes. The style sheet gives stroke and size."""

from __future__ import annotations


def _paths(*shapes: str) -> str:
    return "".join(f'<path d="{shape}"/>' for shape in shapes)


ICONS: dict[str, str] = {
    "alert": _paths("M12 4 2.8 19.5h18.4z", "M12 10v4.5M12 17v.01"),
    "archive": _paths("M4 8h16v11H4zM3 4h18v4H3zM10 12h4"),
    "arrow-down": _paths("M12 5v14M6 13l6 6 6-6"),
    "arrow-left": _paths("M19 12H5M11 6l-6 6 6 6"),
    "arrow-right": _paths("M5 12h14M13 6l6 6-6 6"),
    "arrow-up": _paths("M12 19V5M6 11l6-6 6 6"),
    "bag": _paths("M5 8h14l1 12.5H4z", "M8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5"),
    "bank": _paths("M3 9.5 12 4l9 5.5zM5 9.5V18M9.7 9.5V18M14.3 9.5V18M19 9.5V18M3 20.5h18"),
    "bell": _paths("M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0"),
    "book": _paths(
        "M12 6.5C9.6 4.8 6.6 4.3 3.5 4.5v14c3.1-.2 6.1.3 8.5 2 2.4-1.7 5.4-2.2 8.5-2v-14c-3.1-.2-6.1.3-8.5 2z",
        "M12 6.5v14",
    ),
    "box": _paths("M12 3 4 7.2v9.6L12 21l8-4.2V7.2zM4.2 7.3 12 11.5l7.8-4.2M12 11.5V21"),
    "building": _paths("M5 21V4h9v17M14 10h5v11M3 21h18M8 8h3M8 12h3M8 16h3"),
    "calendar": _paths("M4 6h16v14H4zM4 10.5h16M8 3.5V8M16 3.5V8"),
    "cart": _paths("M3 4h2.5l2.3 11h10l2-8H6.2", "M9 19.5v.01M17 19.5v.01"),
    "chart": _paths("M4 20h16M7 16v-4M12 16V6M17 16v-7"),
    "check": _paths("M5 12.5 10 17.5 19.5 7"),
    "chevron-down": _paths("M6 9.5l6 6 6-6"),
    "chevron-left": _paths("M14.5 6l-6 6 6 6"),
    "chevron-right": _paths("M9.5 6l6 6-6 6"),
    "clock": _paths("M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2"),
    "close": _paths("M6 6l12 12M18 6 6 18"),
    "coins": _paths(
        "M9.5 4.5c3.3 0 6 1.1 6 2.5s-2.7 2.5-6 2.5-6-1.1-6-2.5 2.7-2.5 6-2.5z",
        "M3.5 7v9.5c0 1.4 2.7 2.5 6 2.5M3.5 11.8c0 1.4 2.7 2.5 6 2.5M15.5 7v2",
        "M15.8 11.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z",
    ),
    "copy": _paths("M9 9h11v11H9zM15 9V4H4v11h5"),
    "dots": '<circle cx="5" cy="12" r=".9"/><circle cx="12" cy="12" r=".9"/><circle cx="19" cy="12" r=".9"/>',
    "download": _paths("M12 4v11M7 10.5l5 5 5-5M4 20h16"),
    "edit": _paths("M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5"),
    "eye": _paths("M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z")
    + '<circle cx="12" cy="12" r="2.8"/>',
    "file": _paths("M6 3h8l4.5 4.5V21H6zM14 3v5h4.5"),
    "filter": _paths("M4 6h16M7 12h10M10 18h4"),
    "globe": _paths(
        "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17",
        "M12 3.5c5 5.2 5 11.8 0 17-5-5.2-5-11.8 0-17z",
    ),
    "home": _paths("M4 11l8-7 8 7v9h-5.5v-6h-5v6H4z"),
    "info": _paths("M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.8v.01"),
    "invoice": _paths("M5.5 3h13v18l-2.2-1.5-2.1 1.5-2.2-1.5-2.2 1.5-2.1-1.5L5.5 21zM9 8h6M9 12h6"),
    "link": _paths(
        "M10 14a4 4 0 0 0 5.7 0l3.2-3.2a4 4 0 0 0-5.7-5.7L12 6.3",
        "M14 10a4 4 0 0 0-5.7 0l-3.2 3.2a4 4 0 0 0 5.7 5.7L12 17.7",
    ),
    "lock": _paths("M5.5 11h13v9.5h-13zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"),
    "logout": _paths("M14 4H5v16h9M10 12h10M16 8l4 4-4 4"),
    "mail": _paths("M3.5 5.5h17v13h-17zM4 6l8 7 8-7"),
    "menu": _paths("M4 6.5h16M4 12h16M4 17.5h16"),
    "minus": _paths("M5 12h14"),
    "moon": _paths("M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"),
    "plus": _paths("M12 5v14M5 12h14"),
    "print": _paths("M7 9V3.5h10V9M7 17H4V9h16v8h-3M7 14h10v6.5H7z"),
    "refresh": _paths("M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9M20 4v5h-5"),
    "search": '<circle cx="10.8" cy="10.8" r="6.3"/>' + _paths("M15.5 15.5 20.5 20.5"),
    "send": _paths("M21 3 3 10.5l7 3.2 3.2 7zM10 13.7 21 3"),
    "settings": '<circle cx="15" cy="7" r="2.5"/><circle cx="9" cy="17" r="2.5"/>'
    + _paths("M4 7h8.5M17.5 7H20M4 17h2.5M11.5 17H20"),
    "shield": _paths("M12 3l7.5 2.8V11c0 4.8-3 8-7.5 10-4.5-2-7.5-5.2-7.5-10V5.8zM8.8 12l2.3 2.3 4.2-4.5"),
    "sun": '<circle cx="12" cy="12" r="3.8"/>'
    + _paths("M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4"),
    "trash": _paths("M4 6.5h16M9 6.5V4h6v2.5M6 6.5 7 20.5h10l1-14M10 10.5v6M14 10.5v6"),
    "undo": _paths("M9 14.5 4 9.5l5-5M4 9.5h10a5.5 5.5 0 0 1 0 11h-3"),
    "upload": _paths("M12 15.5V4.5M7 9l5-5 5 5M4 20h16"),
    "user": '<circle cx="12" cy="8" r="4"/>' + _paths("M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6"),
    "users": '<circle cx="9" cy="8" r="3.5"/>'
    + _paths("M2.5 19.5c.6-3.5 3-5.5 6.5-5.5s5.9 2 6.5 5.5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.5c2 .7 3.2 2.4 3.6 5"),
}
