#!/usr/bin/env python3
"""Writes webhooks.json, the vectors that the service and every SDK are tested with.

Bodies are written here by hand and signatures are made with Python's hmac: nothing of the product
has a part in what the product is compared with. README.md describes the file; `vectors.py --check`
says whether it is up to date.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("webhooks.json")

NEW = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(200, 232))).decode()
# The shortest key that there may be after `whsec_`, with base64's `+`, `/` and two `=`.
SHORT = "whsec_" + base64.b64encode(b"\xfb\xff\xbe" * 8 + b"\xfb").decode()
# Brought by the caller: not in the form of Standard Webhooks.
OWN = "my-own-secret-0123456789"
# Longer than a block of SHA-256, so that HMAC hashes it.
LONG = "k" * 128

ID = "evt_01m86nb6b8fnbaaqb07tc5deyz"
TIME = 1795520043
TOLERANCE = 300
PLAIN = '{"event":"no_show.detected","id":"' + ID + '","created_at":"2026-11-24T11:34:03Z","data":' \
    '{"booking_id":"bkg_1","customer_id":"cus_1","customer_name":"Zoë Baker","service":"Massage",' \
    '"start_time":"2026-12-01T09:00:00Z","end_time":"2026-12-01T10:00:00Z"}}'
AWKWARD = '{"event":"note.added","id":"' + ID + '","created_at":"2026-11-24T11:34:03.5Z","data":' \
    '{"9":"\\u0000\\b\\t\\n\\f\\r\\u001f\x7f","10":"\\"\\\\/ </script> \u2028\u2029 e\u0301 💆 𝄞","a":[1e+21,1e-7,-5,0.1,[],{}]}}'


def bookora(secret, body):
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


def standard(secret, body, event_id=ID, timestamp=TIME):
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(body, *secrets, event_id=ID, timestamp=TIME):
    """The signature headers of a request, signed with the new secret and perhaps the old one."""
    made = {"x-bookora-signature": bookora(secrets[0], body)}
    for old in secrets[1:]:
        made["x-bookora-signature-previous"] = bookora(old, body)
    made["webhook-id"] = event_id
    made["webhook-timestamp"] = str(timestamp)
    made["webhook-signature"] = " ".join(standard(s, body, event_id, timestamp) for s in secrets)
    return made


def signing():
    def vector(name, *secrets, event_id=ID, timestamp=TIME, body=PLAIN):
        signed = headers(body, *secrets, event_id=event_id, timestamp=timestamp)
        return {"name": name, "secrets": list(secrets), "id": event_id, "timestamp": timestamp,
                "body": body, "headers": signed}

    return [
        vector("a secret that the service made", NEW),
        vector("during a rotation, the new secret first", NEW, OLD),
        vector("a secret that the caller brought", OWN),
        vector("a key longer than a block of SHA-256", LONG),
        vector("the shortest key, whose base64 has + / and =", SHORT),
        vector("from one's own secret to one of the service", NEW, OWN),
        vector("a body with every kind of escape", NEW, body=AWKWARD),
        vector("a sample of TestEndpoint", NEW, event_id="evt_test_01m86nb6b8fnbaaqb07tc5deyz"),
        vector("a time of ten years later", NEW, timestamp=2111139243),
    ]


def verifying():
    vectors = []

    def vector(name, outcome, header=None, *, body=PLAIN, signed_body=None, signers=(NEW,),
               secrets=(NEW,), tolerance=TOLERANCE, now=TIME, timestamp=TIME, drop=(), **changes):
        sent = headers(signed_body or body, *signers, timestamp=timestamp)
        sent |= {key.replace("_", "-"): value for key, value in changes.items()}
        for key in drop:
            sent.pop(key, None)
        made = {"name": name, "body": body, "headers": sent, "secrets": list(secrets),
                "tolerance_seconds": tolerance, "now": now, "outcome": outcome}
        vectors.append(made | ({"header": header} if header else {}))

    standards = ("webhook-id", "webhook-timestamp", "webhook-signature")
    bookoras = ("x-bookora-signature", "x-bookora-signature-previous")
    signature = "webhook-signature"
    none = "v1," + base64.b64encode(bytes(32)).decode()

    vector("as it is sent", "OK")
    vector("an escape of every kind", "OK", body=AWKWARD)
    vector("Standard Webhooks alone", "OK", drop=bookoras)
    vector("the receiver has the new secret only", "OK", signers=(NEW, OLD))
    vector("the receiver has the old secret only", "OK", signers=(NEW, OLD), secrets=(OLD,))
    vector("the receiver has both before the rotation", "OK", signers=(OLD,), secrets=(NEW, OLD))
    vector("the receiver has both after the rotation", "OK", secrets=(OLD, NEW))
    vector("one's own secret", "OK", signers=(OWN,), secrets=(OWN,))
    vector("other versions of signatures are passed over", "OK",
           webhook_signature=f"v1a,{none[3:]} v2,{none[3:]} {standard(NEW, PLAIN)}")
    vector("the last of many signatures", "OK",
           webhook_signature=" ".join([none] * 5 + [standard(NEW, PLAIN)]))
    vector("as old as the tolerance", "OK", now=TIME + TOLERANCE)
    vector("as far ahead as the tolerance", "OK", now=TIME - TOLERANCE)
    vector("no tolerance: years old", "OK", tolerance=None, now=TIME + 10**8)
    vector("no tolerance: X-Bookora-Signature alone", "OK", tolerance=None, drop=standards)
    vector("no tolerance: the new secret of two", "OK", signers=(NEW, OLD), tolerance=None,
           drop=standards)
    vector("no tolerance: the old secret of two", "OK", signers=(NEW, OLD), secrets=(OLD,),
           tolerance=None, drop=standards)
    vector("no tolerance: X-Bookora-Signature-Previous alone", "OK", signers=(NEW, OLD),
           secrets=(OLD,), tolerance=None, drop=(*standards, "x-bookora-signature"))

    vector("too old by a second", "TIMESTAMP_OUT_OF_TOLERANCE", "webhook-timestamp",
           now=TIME + TOLERANCE + 1)
    vector("too far ahead by a second", "TIMESTAMP_OUT_OF_TOLERANCE", "webhook-timestamp",
           now=TIME - TOLERANCE - 1)
    vector("a newer time than was signed", "NO_MATCHING_SIGNATURE", signature, now=TIME + 1000,
           webhook_timestamp=str(TIME + 1000))
    vector("another id than was signed", "NO_MATCHING_SIGNATURE", signature, webhook_id="evt_2")
    vector("another body than was signed", "NO_MATCHING_SIGNATURE", signature,
           body=PLAIN.replace("bkg_1", "bkg_2"), signed_body=PLAIN)
    vector("a body with white space", "NO_MATCHING_SIGNATURE", signature, body=PLAIN + "\n",
           signed_body=PLAIN)
    vector("an empty body", "NO_MATCHING_SIGNATURE", signature, body="", signed_body=PLAIN)
    vector("another secret", "NO_MATCHING_SIGNATURE", signature, secrets=(OTHER,))
    vector("two other secrets", "NO_MATCHING_SIGNATURE", signature, secrets=(OTHER, OLD))
    vector("webhook-signature decides where it is there", "NO_MATCHING_SIGNATURE", signature,
           webhook_signature=none)
    vector("no tolerance: webhook-signature decides too", "NO_MATCHING_SIGNATURE", signature,
           tolerance=None, webhook_signature=none)
    for name, value in {
        "an empty webhook-signature": "",
        "a signature without its version": standard(NEW, PLAIN)[3:],
        "a signature of another version": "v2," + standard(NEW, PLAIN)[3:],
        "a signature that is cut": standard(NEW, PLAIN)[:-9],
        "a signature that goes on": standard(NEW, PLAIN) + "AAAA",
        "a signature that is not base64": "v1,*not*base64*",
        "a signature of no bytes": "v1,",
        "signatures separated by commas": f"{none},{standard(NEW, PLAIN)}",
        "a signature in hex": "v1," + base64.b64decode(standard(NEW, PLAIN)[3:]).hex(),
    }.items():
        vector(name, "NO_MATCHING_SIGNATURE", signature, webhook_signature=value)

    for header in ("webhook-id", "webhook-timestamp"):
        vector(f"without {header}", "MISSING_HEADER", header, drop=(header,))
        vector(f"no tolerance: without {header}", "MISSING_HEADER", header, drop=(header,),
               tolerance=None)
    vector("without webhook-signature nothing protects from replay", "MISSING_HEADER", signature,
           drop=(signature,))
    vector("X-Bookora-Signature alone does not do with a tolerance", "MISSING_HEADER", signature,
           drop=standards)
    vector("no headers of ours", "MISSING_HEADER", signature, drop=(*standards, *bookoras))
    vector("no tolerance: no headers of ours", "MISSING_HEADER", "x-bookora-signature",
           drop=(*standards, *bookoras), tolerance=None)

    for name, value in {
        "an empty time": "", "a time in words": "now", "a time with a fraction": f"{TIME}.5",
        "a time before 1970": f"-{TIME}", "a time with a sign": f"+{TIME}",
        "a time with a space": f" {TIME}", "a time in hex": hex(TIME),
        "a time in other digits": "١٧٩٥٥٢٠٠٤٣", "a time in milliseconds": f"{TIME}000",
        "a time beyond every integer": "9" * 400,
    }.items():
        vector(name, "INVALID_HEADER", "webhook-timestamp", webhook_timestamp=value)
    for header, value in headers(PLAIN, NEW).items():
        if header != "x-bookora-signature":
            vector(f"{header} twice", "INVALID_HEADER", header, **{header: [value, value]})
    vector("no tolerance: x-bookora-signature twice", "INVALID_HEADER", "x-bookora-signature",
           tolerance=None, drop=standards, x_bookora_signature=[bookora(NEW, PLAIN)] * 2)

    for name, value in {
        "an empty X-Bookora-Signature": "",
        "an X-Bookora-Signature that is cut": bookora(NEW, PLAIN)[:-2],
        "an X-Bookora-Signature of another secret": bookora(OTHER, PLAIN),
        "an X-Bookora-Signature in base64":
            base64.b64encode(bytes.fromhex(bookora(NEW, PLAIN))).decode(),
    }.items():
        vector(name, "NO_MATCHING_SIGNATURE", "x-bookora-signature", tolerance=None,
               drop=standards, x_bookora_signature=value)

    vector("no secret", "INVALID_SECRET", secrets=())
    vector("an empty secret", "INVALID_SECRET", secrets=("",))
    vector("an empty secret beside a good one", "INVALID_SECRET", secrets=(NEW, ""))
    vector("nothing after whsec_", "INVALID_SECRET", secrets=("whsec_",))
    vector("no base64 after whsec_", "INVALID_SECRET", secrets=("whsec_not*base64*not*base64*",))
    vector("base64 without its padding after whsec_", "INVALID_SECRET", secrets=(NEW.rstrip("="),))
    vector("a good signature of what is no event", "MALFORMED_BODY", body='{"test": 2432232314}')
    return vectors


def bodies():
    made = []

    def body(name, event_type, field, data, expected, created=("2026-06-10T10:30:00Z",) * 2):
        """`data` is proto JSON; `expected` is the text of `data` in the body."""
        event_id = f"evt_01ktrebs60fmn8y49bdjemw{len(made):03}"
        text = f'{{"event":"{event_type}","id":"{event_id}","created_at":"{created[1]}","data":{expected}}}'
        request = {"accountId": "acct_1", "createTime": created[0], field: data}
        made.append({"name": name, "request": request, "id": event_id, "body": text})

    booking = {"bookingId": "bkg_1", "customerId": "cus_1", "customerName": "Zoë Baker",
               "service": "Massage"}
    booking_text = '"booking_id":"bkg_1","customer_id":"cus_1","customer_name":"Zoë Baker",' \
        '"service":"Massage"'
    times = {"startTime": "2026-06-20T09:00:00Z", "endTime": "2026-06-20T10:00:00Z"}
    times_text = '"start_time":"2026-06-20T09:00:00Z","end_time":"2026-06-20T10:00:00Z"'

    body("customer.created with all fields", "customer.created", "customerCreated",
         {"customerId": "cus_1", "customerName": "Zoë Baker", "email": "zoe@example.com",
          "phone": "+49 30 5550 1234"},
         '{"customer_id":"cus_1","customer_name":"Zoë Baker","email":"zoe@example.com",'
         '"phone":"+49 30 5550 1234"}')
    body("customer.created without what is optional", "customer.created", "customerCreated",
         {"customerId": "cus_1", "customerName": "Zoë Baker"},
         '{"customer_id":"cus_1","customer_name":"Zoë Baker"}')
    for price, text in {150.0: "150", 0.1: "0.1", 1e21: "1e+21", 123456789.125: "123456789.125",
                        1e-7: "1e-7", 0.0: "0", 5e-324: "5e-324",
                        1.7976931348623157e308: "1.7976931348623157e+308",
                        9007199254740993.0: "9007199254740992"}.items():
        body(f"booking.created at a price of {text}", "booking.created", "bookingCreated",
             {**booking, **times, "price": price},
             f'{{{booking_text},{times_text},"price":{text}}}')
    body("booking.created at a price of minus zero", "booking.created", "bookingCreated",
         {**booking, **times, "price": -0.0}, f'{{{booking_text},{times_text},"price":0}}')
    body("booking.cancelled with a reason", "booking.cancelled", "bookingCancelled",
         {**booking, **times, "reason": "Flight was moved"},
         f'{{{booking_text},{times_text},"reason":"Flight was moved"}}')
    body("booking.cancelled without a reason", "booking.cancelled", "bookingCancelled",
         {**booking, **times}, f"{{{booking_text},{times_text}}}")
    body("booking.rescheduled", "booking.rescheduled", "bookingRescheduled",
         {**booking, "previousStartTime": "2026-06-19T09:00:00Z",
          "previousEndTime": "2026-06-19T10:00:00Z", **times},
         f'{{{booking_text},"previous_start_time":"2026-06-19T09:00:00Z",'
         f'"previous_end_time":"2026-06-19T10:00:00Z",{times_text}}}')
    body("lead.qualified of a customer", "lead.qualified", "leadQualified",
         {"leadId": "lead_58", "leadName": "Café Österreicher", "score": 87.5, "threshold": 80,
          "customerId": "cus_1"},
         '{"lead_id":"lead_58","lead_name":"Café Österreicher","score":87.5,"threshold":80,'
         '"customer_id":"cus_1"}')
    body("lead.qualified of nobody known", "lead.qualified", "leadQualified",
         {"leadId": "lead_58", "leadName": "Café Österreicher", "score": 87.5, "threshold": 80},
         '{"lead_id":"lead_58","lead_name":"Café Österreicher","score":87.5,"threshold":80}')
    body("no_show.detected", "no_show.detected", "noShowDetected", {**booking, **times},
         f"{{{booking_text},{times_text}}}")
    body("review.created with all fields", "review.created", "reviewCreated",
         {"reviewId": "rev_9", "customerId": "cus_1", "customerName": "Zoë Baker", "rating": 5,
          "bookingId": "bkg_1", "comment": "\"Best massage in town\" 💆 \\ / \u2028\t\u0001\x7f"},
         '{"review_id":"rev_9","customer_id":"cus_1","customer_name":"Zoë Baker","rating":5,'
         '"booking_id":"bkg_1","comment":"\\"Best massage in town\\" 💆 \\\\ / \u2028\\t\\u0001\x7f"}')
    body("review.created without what is optional", "review.created", "reviewCreated",
         {"reviewId": "rev_9", "customerId": "cus_1", "customerName": "Zoë Baker", "rating": 1},
         '{"review_id":"rev_9","customer_id":"cus_1","customer_name":"Zoë Baker","rating":1}')
    body("workflow.triggered for a booking", "workflow.triggered", "workflowTriggered",
         {"workflowId": "wf_7", "workflowName": "Remind a day before", "trigger": "booking.created",
          "customerId": "cus_1", "bookingId": "bkg_1"},
         '{"workflow_id":"wf_7","workflow_name":"Remind a day before","trigger":"booking.created",'
         '"customer_id":"cus_1","booking_id":"bkg_1"}')
    body("workflow.triggered for nobody", "workflow.triggered", "workflowTriggered",
         {"workflowId": "wf_7", "workflowName": "Remind a day before", "trigger": "booking.created"},
         '{"workflow_id":"wf_7","workflow_name":"Remind a day before","trigger":"booking.created"}')
    for given, sent in {"2026-06-10T10:30:00.5Z": "2026-06-10T10:30:00.500Z",
                        "2026-06-10T10:30:00.000250Z": "2026-06-10T10:30:00.000250Z",
                        "2026-06-10T12:30:00.000000001+02:00": "2026-06-10T10:30:00.000000001Z"}.items():
        body(f"no_show.detected that happened at {sent}", "no_show.detected", "noShowDetected",
             {**booking, **times}, f"{{{booking_text},{times_text}}}", (given, sent))
    body("a type that only its publisher knows", "invoice.paid", "custom",
         {"eventType": "invoice.paid",
          "data": {"total": 99.95, "10": "ten", "9": None, "paid": True,
                   "lines": [{"text": "a", "of": []}, {}]}},
         '{"9":null,"10":"ten","lines":[{"of":[],"text":"a"},{}],"paid":true,"total":99.95}')
    body("a type of which nothing is said", "invoice.paid", "custom",
         {"eventType": "invoice.paid", "data": {}}, "{}")
    return made


def malformed():
    made = []

    def vector(name, body, field=""):
        made.append({"name": name, "body": body, "field": field})

    def event(**changes):
        fields = {"event": "review.created", "id": ID, "created_at": "2026-11-24T11:34:03Z",
                  "data": {"review_id": "rev_9", "customer_id": "cus_1", "customer_name": "Zoë",
                           "rating": 5}} | changes
        return json.dumps({key: value for key, value in fields.items() if value is not ...})

    def review(**changes):
        data = json.loads(event())["data"] | changes
        return event(data={key: value for key, value in data.items() if value is not ...})

    vector("nothing", "")
    vector("no JSON", "event=booking.created")
    vector("JSON that is cut", PLAIN[:-1])
    vector("JSON that goes on", PLAIN + "{}")
    vector("an array", "[]")
    vector("a text", '"event"')
    vector("null", "null")
    for field in ("event", "id", "created_at", "data"):
        vector(f"without {field}", event(**{field: ...}), field)
        vector(f"{field} is a number", event(**{field: 1}), field)
        vector(f"{field} is null", event(**{field: None}), field)
    vector("created_at is no time", event(created_at="yesterday"), "created_at")
    vector("created_at is no day of the calendar", event(created_at="2026-02-30T00:00:00Z"),
           "created_at")
    vector("data is an array", event(data=[]), "data")
    vector("data of an unknown type is an array", event(event="invoice.paid", data=[]), "data")
    for field in ("review_id", "customer_id", "customer_name", "rating"):
        vector(f"without data.{field}", review(**{field: ...}), f"data.{field}")
    vector("a text is a number", review(review_id=9), "data.review_id")
    vector("an optional text is a number", review(comment=9), "data.comment")
    vector("an integer is a text", review(rating="5"), "data.rating")
    vector("an integer has a fraction", review(rating=4.5), "data.rating")
    lead = {"lead_id": "lead_58", "lead_name": "Café", "score": 87.5, "threshold": "80"}
    vector("a number is a text", event(event="lead.qualified", data=lead), "data.threshold")
    show = json.loads(PLAIN)["data"] | {"end_time": "2026-12-01 at ten"}
    vector("a time is no time", event(event="no_show.detected", data=show), "data.end_time")
    return made


def main():
    made = {"signing": signing(), "verifying": verifying(), "bodies": bodies(),
            "malformed": malformed()}
    text = json.dumps(made, indent=1, ensure_ascii=True) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.read_text(encoding="utf-8") != text:
            sys.exit("tests/vectors/webhooks.json is not what tests/vectors/vectors.py writes")
    else:
        FILE.write_text(text, encoding="utf-8")
    print(", ".join(f"{len(vectors)} {kind}" for kind, vectors in made.items()))


if __name__ == "__main__":
    main()
