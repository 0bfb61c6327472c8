"""A payment provider that is not one: for the demo, for tests, for developers of shops.

It runs as its own process, speaks HTTP on loopback, keeps its state in one SQLite file and
misbehaves on demand as real providers do. It imports nothing of the product, and the product
reaches it only over HTTP.

The merchant's side; every POST needs an `Idempotency-Key` and answers 201 with the object:

    POST /v1/authorizations              amount, currency, card, reference, capture, occurred_at
    POST /v1/authorizations/<id>/captures     amount (default: all that is left), final
    POST /v1/authorizations/<id>/increments   amount (to add)
    POST /v1/authorizations/<id>/void         amount (default: all that is left)
    POST /v1/authorizations/<id>/refunds      amount (default: all that is left), over captures
    POST /v1/captures/<id>/refunds            amount (default: all that is left)
    POST /v1/captures/<id>/void               the whole capture, until it is settled
    GET  /v1/authorizations/<id>  and its /captures /increments /voids /refunds
    GET  /v1/captures/<id>  /v1/increments/<id>  /v1/voids/<id>  /v1/refunds/<id>
    GET  /v1/cards/<token>  /v1/cards
    GET  /v1/operations?key=…            what a key did, and the object as it is now
    GET  /v1/events?after=&type=&about=&limit=  /v1/events/<id>
    GET  /v1/totals

The tester's side, which no real provider has:

    GET/POST        /control/clock       seconds | to
    GET/POST/DELETE /control/faults      operation, fault, times, seconds
    GET/POST/DELETE /control/webhooks    manner, times, seconds: how the next events arrive
    GET/POST        /control/deliveries  events, manner, seconds: deliver these, in this order
    POST /control/authorizations/<id>/resolve   outcome: end a challenge or a pending answer

Amounts are integers in the currency's minor unit, instants are ISO 8601 in UTC, errors are
`{"error": {"code", "message"}}`. A call whose `occurred_at` lies in the past is recorded at that
time and its events are stored without being delivered.
"""
