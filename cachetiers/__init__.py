"""A cache in tiers that knows nothing of images or HTTP: keys and bytes in, entries out.

It depends on the standard library and pymemcache and could be lifted out. Waiting uses
`threading` primitives, which a server on greenlets patches into its own.
"""
