"""The two ways to run it: one process on SQLite, replicas on PostgreSQL."""

import re

from canvas import Canvas

DESCRIPTION = (
    "Left: Bookora's services call one process over gRPC; it keeps bookora.db and bookora.db.key beside it"
    " and posts to receivers over HTTPS; Prometheus reads its metrics. Right: the services call any of"
    " several equal replicas with the same settings and master keys; these share one PostgreSQL, with a"
    " synchronous standby where nothing may be lost at a failover, and post to receivers over HTTPS."
)


def draw(root):
    grpc, ops = ports(root)
    picture = Canvas(880, 400, "One process, or replicas", DESCRIPTION)
    picture.title(24, 30, "One process", 200, anchor="start")
    picture.title(404, 30, "Replicas", 200, anchor="start")
    one_process(picture, grpc, ops)
    replicas(picture, grpc, ops)
    return picture.svg()


def one_process(picture, grpc, ops):
    picture.box(24, 48, 190, 44, "Bookora's services", kind="outside")
    picture.box(24, 160, 190, 60, "bookora-webhooks", ("SQLite inside",))
    picture.arrow((119, 92), (119, 160))
    picture.text(127, 130, f"gRPC, port {grpc}", 120, anchor="start")
    picture.box(254, 160, 110, 60, "Prometheus", kind="outside")
    picture.arrow((254, 190), (214, 190))
    picture.text(309, 150, f"port {ops}", 110)
    picture.cylinder(214, 296, 150, 70, "bookora.db", ("and bookora.db.key",))
    picture.arrow((170, 220), (170, 258), (289, 258), (289, 296), both=True)
    picture.box(24, 309, 130, 44, "Receivers", kind="outside")
    picture.arrow((89, 220), (89, 309))
    picture.text(97, 290, "HTTPS, signed", 100, anchor="start")


def replicas(picture, grpc, ops):
    picture.box(404, 48, 300, 44, "Bookora's services", kind="outside")
    picture.group(404, 132, 300, 112, "any number, with the same settings and keys")
    for number, x in enumerate((418, 512, 606), 1):
        picture.box(x, 160, 84, 60, f"replica {number}")
        picture.arrow((x + 42, 92), (x + 42, 160))
    picture.text(656, 118, f"gRPC, port {grpc}", 110, anchor="start")
    picture.box(744, 160, 112, 60, "Prometheus", kind="outside")
    picture.arrow((744, 190), (704, 190))
    picture.text(800, 150, f"port {ops} of each", 112)
    picture.box(404, 309, 130, 44, "Receivers", kind="outside")
    picture.arrow((469, 244), (469, 309))
    picture.text(477, 290, "HTTPS, signed", 100, anchor="start")
    picture.cylinder(574, 296, 130, 70, "PostgreSQL", ("the primary",))
    picture.arrow((639, 244), (639, 296), both=True)
    picture.cylinder(744, 296, 112, 70, "standby", ("synchronous",))
    picture.arrow((704, 331), (744, 331), dashed=True)


def ports(root):
    """The ports of the settings' defaults, as README.md lists them, which a test holds to the program."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    return [
        re.search(rf"^\| `--{flag}` \| `\w+` \| `127\.0\.0\.1:(\d+)`", readme, re.M)[1]
        for flag in ("listen", "ops-listen")
    ]
