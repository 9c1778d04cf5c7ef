"""Serve the endpoints of the Face service: decode a call, act on the store, encode the result."""

from __future__ import annotations

from facesnap_cli.emulator.container_kinds import KINDS
from facesnap_cli.emulator.routes.containers import container_endpoints
from facesnap_cli.emulator.routes.detection import DETECTION_ENDPOINTS
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint
from facesnap_cli.emulator.routes.faces import face_endpoints
from facesnap_cli.emulator.routes.persons import person_endpoints
from facesnap_cli.emulator.routes.recognition import RECOGNITION_ENDPOINTS
from facesnap_cli.emulator.routes.snapshots import SNAPSHOT_ENDPOINTS

__all__ = ["OBJECT_ENDPOINTS", "SNAPSHOT_ENDPOINTS", "Call", "Endpoint"]

OBJECT_ENDPOINTS: tuple[Endpoint, ...] = (
    *(
        endpoint
        for kind in KINDS.values()
        for make in (container_endpoints, person_endpoints, face_endpoints)
        for endpoint in make(kind)
    ),
    *DETECTION_ENDPOINTS,
    *RECOGNITION_ENDPOINTS,
)
