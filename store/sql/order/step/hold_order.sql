-- Before the statement of an order, in its transaction.
--   $1 token, or null  $2 person
select order_hold ($1::bytea, $2::int)
