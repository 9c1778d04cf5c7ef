"""Define the seed `demo`: one trained group or list of each kind, in the first account."""

from __future__ import annotations

DEMO = {
    "objects": [
        {
            "type": "PersonGroup",
            "objectId": "employees",
            "name": "Employees",
            "userData": "Head office",
            "recognitionModel": "recognition_04",
            "persons": [
                {
                    "name": "Ada Lovelace",
                    "userData": "badge 1815",
                    "faces": [{"userData": "front"}, {"userData": "left"}, {"userData": "right"}],
                },
                {"name": "Grace Hopper", "userData": "badge 1906", "faces": [{"userData": "front"}, {}]},
                {"name": "Žofia Ćwikła", "userData": '{"badge": 2001, "note": "smiles · often"}', "faces": 2},
            ],
        },
        {
            "type": "LargePersonGroup",
            "objectId": "visitors",
            "name": "Visitors",
            "userData": "Front desk",
            "recognitionModel": "recognition_03",
            "persons": [{"name": "Alan Turing", "userData": "badge 1912", "faces": 3}],
            "count": 299,
        },
        {
            "type": "FaceList",
            "objectId": "watchlist",
            "name": "Watch list",
            "userData": "Reviewed monthly",
            "faces": [{"userData": "case 1"}, {"userData": "case 2"}, {}],
            "count": 9,
        },
        {
            "type": "LargeFaceList",
            "objectId": "archive",
            "name": "Archive",
            "userData": "1999 to 2020",
            "recognitionModel": "recognition_02",
            "faces": [{"userData": "roll 7"}],
            "count": 199,
        },
    ]
}
