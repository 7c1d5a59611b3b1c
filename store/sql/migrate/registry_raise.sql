-- With this transaction the registry is another one, and the store publishes it.
update snapshot set version = version + 1 where kind = 2
