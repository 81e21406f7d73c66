"""The way of an event, from the publisher to the receiver and to who watches. Each part that is named
is a file, or a folder, of src/."""

from canvas import Canvas

DESCRIPTION = (
    "Publish: grpc/event_ingest checks the fields, domain/payload renders the body once, store/publish"
    " commits the event, a delivery for each subscribed endpoint and their log rows in one transaction;"
    " then the publisher is answered OK. Send: delivery/dispatcher takes what is due and has room, or gets"
    " it leased from the publish; delivery/deliver makes one attempt; webhook/client signs, checks the"
    " address and posts to the receiver. What the receiver answers is judged by domain/delivery, and"
    " store/record commits delivery, attempt and log row. Tell: store/changes reads the log in order,"
    " grpc/watch hands it to who watches; store/stats has the figures that are counted from it, which"
    " grpc/delivery_stats answers from."
)

OUTSIDE, PARTS, DATABASE = 16, (164, 368, 572), 784
WIDTH, OUTSIDE_WIDTH, DATABASE_WIDTH = 172, 104, 84
HEIGHT = 60
ROWS = (44, 170, 252, 376, 456)


def draw(root):
    picture = Canvas(884, 532, "The way of an event", DESCRIPTION)
    for y, words in ((28, "1. Publish"), (158, "2. Send"), (364, "3. Tell")):
        picture.title(OUTSIDE, y, words, 200, anchor="start")
    picture.cylinder(DATABASE, 36, DATABASE_WIDTH, 484, "Database", (
        "events", "deliveries", "attempts", "log", "figures",
    ))
    publish(picture, root)
    send(picture, root)
    tell(picture, root)
    return picture.svg()


def publish(picture, root):
    y = ROWS[0]
    outside(picture, y, "Publisher")
    part(picture, root, 0, y, "grpc/event_ingest", ("after caller, limits and", "account: the fields"))
    part(picture, root, 1, y, "domain/payload", ("the body, once: these bytes", "are stored and sent"))
    part(picture, root, 2, y, "store/publish", ("one transaction: event,", "deliveries, log rows"))
    for start, end in ((-1, 0), (0, 1), (1, 2), (2, 3)):
        right(picture, y, start, end)
    edge, below = y + HEIGHT, y + HEIGHT + 20
    picture.arrow((PARTS[2] + 50, edge), (PARTS[2] + 50, below), (68, below), (68, edge))
    picture.text(360, below - 5, "OK, after the commit", 200)
    picture.arrow((PARTS[2] + 120, y + HEIGHT), (PARTS[2] + 120, ROWS[1]), dashed=True)
    picture.text(PARTS[2] + 112, ROWS[1] - 12, "leased at birth, where there is room", 220, anchor="end")


def send(picture, root):
    y = ROWS[1]
    picture.box(OUTSIDE, y, OUTSIDE_WIDTH, ROWS[2] + HEIGHT - y, "Receiver", kind="outside")
    part(picture, root, 0, y, "webhook/client", ("sign, connect through the", "address guard, POST"))
    part(picture, root, 1, y, "delivery/deliver", ("one attempt,", "under a lease"))
    part(picture, root, 2, y, "delivery/dispatcher", ("what is due and has room,", "fairly"))
    for start, end in ((3, 2), (2, 1), (1, 0), (0, -1)):
        left(picture, y, start, end)
    y = ROWS[2]
    part(picture, root, 1, y, "domain/delivery", ("what the answer makes", "of the delivery"))
    part(picture, root, 2, y, "store/record", ("one transaction: delivery,", "attempt, log row"))
    picture.arrow((OUTSIDE + OUTSIDE_WIDTH, y + 30), (PARTS[1], y + 30))
    picture.text(PARTS[0] + 86, y + 24, "the answer, or none in time", WIDTH)
    for start, end in ((1, 2), (2, 3)):
        right(picture, y, start, end)


def tell(picture, root):
    y = ROWS[3]
    outside(picture, y, "Who watches")
    part(picture, root, 0, y, "grpc/watch", ("a stream to each,", "resumed by a token"))
    part(picture, root, 2, y, "store/changes", ("the log, in the order", "of commit"))
    left(picture, y, 3, 2)
    left(picture, y, 0, -1)
    picture.arrow((PARTS[2], y + 30), (PARTS[0] + WIDTH, y + 30))
    y = ROWS[4]
    outside(picture, y, "Who asks")
    part(picture, root, 0, y, "grpc/delivery_stats", ("counts, latencies",))
    part(picture, root, 2, y, "store/stats", ("the log, counted by", "the hour"))
    picture.arrow((DATABASE, y + 30), (PARTS[2] + WIDTH, y + 30), both=True)
    left(picture, y, 0, -1)
    picture.arrow((PARTS[2], y + 30), (PARTS[0] + WIDTH, y + 30))


def part(picture, root, column, y, name, lines):
    if not ((root / "src" / f"{name}.rs").is_file() or (root / "src" / name).is_dir()):
        raise ValueError(f"there is no part {name} any more")
    picture.box(PARTS[column], y, WIDTH, HEIGHT, name, lines)


def outside(picture, y, name):
    picture.box(OUTSIDE, y, OUTSIDE_WIDTH, HEIGHT, name, kind="outside")


def edges(column):
    """The left and the right of a column: -1 is who is outside, 3 the database."""
    if column == -1:
        return OUTSIDE, OUTSIDE + OUTSIDE_WIDTH
    if column == 3:
        return DATABASE, DATABASE + DATABASE_WIDTH
    return PARTS[column], PARTS[column] + WIDTH


def right(picture, y, start, end):
    picture.arrow((edges(start)[1], y + 30), (edges(end)[0], y + 30))


def left(picture, y, start, end):
    picture.arrow((edges(start)[0], y + 30), (edges(end)[1], y + 30))
