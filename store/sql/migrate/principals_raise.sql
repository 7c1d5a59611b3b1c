-- With this transaction other keys enter, and the store publishes them.
update snapshot set version = version + 1 where kind = 1
