-- Tracking numbers as people write them, for queries.  The same rules as common/domain/number.c:
-- the letter A, 12 symbols of Crockford's base 32, a check symbol (Luhn mod 32) of the same alphabet.
create function number_text (bits bigint) returns text
language sql immutable strict parallel safe as $$
    select 'A' || string_agg (substr (symbols, value + 1, 1), '' order by i)
           || substr (min (symbols), ((32 - sum (product / 32 + product % 32) % 32) % 32)::int + 1, 1)
    from (select i, value, value * (2 - i % 2) as product, '0123456789ABCDEFGHJKMNPQRSTVWXYZ' as symbols
          from (select i, ((bits >> (5 * (12 - i))) & 31)::int as value from generate_series (1, 12) i) digit) digits
$$;

-- The bits of a number as a person wrote it; null where it is none or its check symbol is wrong.
create function number_bits (written text) returns bigint
language sql immutable strict parallel safe as $$
    select case when number_text (bits) = clean then bits end
    from (select clean,
                 (select sum ((strpos ('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr (clean, i, 1)) - 1)::bigint
                              << (5 * (13 - i)))::bigint
                  from generate_series (2, 13) i) as bits
          from translate (upper (written), 'ILO- ', '110') clean
          where clean ~ '^A[0-9A-HJKMNP-TV-Z]{13}$') read
$$;
