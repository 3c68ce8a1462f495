"""The origin: a signed URL in, a cacheable picture out.

One GET, in order:

1. `routes` takes the raw request target (`rawpath`) and has its signature verified (`signing`).
2. `grammar` or `query` turns the text into a frozen `recipe.ImageRequest`.
3. `negotiation` settles the one concrete format from ``Accept``.
4. `variants` makes the cache key and looks in the tiers (`cachetiers`).
5. On a miss one leader per key fetches the source (`sources`) and has the pixels made (`imaging`), off the event loop.
6. The variant is kept, and whoever waited for the same one gets it too.
7. `httpcache` decides validators, lifetimes and 304; `errors` says what a failure looks like.
8. `telemetry` tells what happened, once.
"""
