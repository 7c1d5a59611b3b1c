-- What other systems call agencies and places: docs/channels.md, "Moving in and out".

-- As names are compared: small letters, white space as one blank.
create function plain_name (name text) returns text language sql immutable strict as $$
    select lower (regexp_replace (btrim (name), '\s+', ' ', 'g'))
$$;

-- A place's name without the shortenings and additions that tables have.
create function plain_place (name text, level int) returns text language sql immutable strict as $$
    select case level
               when 1 then regexp_replace (regexp_replace (regexp_replace (n, '^(provinsi|prov\.?) ', ''), '^dki ', 'daerah khusus ibukota '),
                                           '^d\.?i\.? ', 'daerah istimewa ')
               when 2 then regexp_replace (regexp_replace (n, '^kab\.? ', 'kabupaten '), '^kota adm\.? ', 'kota administrasi ')
               when 3 then regexp_replace (n, '^(kecamatan|kec\.?|distrik) ', '')
               else regexp_replace (n, '^(kelurahan|kel\.?|desa) ', '') end
    from (select plain_name (name) as n) p
$$;

-- The code of the most exact place that these names lead to, from the province down: each is looked for within the one above, and where
-- there is none of the name, or more than one (a regency and a city, said without which), it ends above.  '' where even the province is open.
create function place_of (names text[]) returns text language plpgsql stable set search_path = public as $$
declare
    found text := '';
    said text;
    codes text[];
begin
    for nth in 1 .. 4 loop
        said := plain_place (names[nth], nth);
        exit when coalesce (said, '') = '';
        select array_agg (r.code) into codes
        from region r
        where r.level = nth and (nth = 1 or starts_with (r.code, found || '.'))
          and (plain_place (r.name, nth) = said
               or nth = 2 and regexp_replace (plain_place (r.name, 2), '^(kabupaten|kota)( administrasi)? ', '') = said);
        exit when cardinality (codes) is distinct from 1;
        found := codes[1];
    end loop;
    return found;
end $$;
