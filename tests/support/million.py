"""A million complaints of 400 days, in 510 regencies with five units each: written as rows, for what is read and added beside them."""
import time

WORDS = ("jalan rusak berlubang lampu padam pasar sekolah air bersih sungai banjir sampah petugas puskesmas antre dokter obat surat "
         "ktp kartu keluarga lurah camat bantuan sosial listrik kabel tiang trotoar jembatan saluran drainase kotor bau asap pabrik "
         "bising malam hujan anak guru kelas biaya pungutan parkir terminal bus angkot kereta stasiun bandara pelabuhan").split()

# 510 regencies with five units each; a complaint each half minute or so, the last twentieth and each fortieth open
TREE = """
insert into agency (code, parent, kind, region, flags, name, zone)
select 'K' || g, (select agency_id from agency where parent is null), 'agency', null, 'desk', 'Pemerintah Kabupaten ' || g, 7 from generate_series (1, 510) g;
insert into agency (code, parent, kind, flags, name, zone)
select a.code || '/' || u, a.agency_id, 'unit', '-', u || ' ' || a.name, 7 from agency a, unnest (array['PU', 'KES', 'LH', 'DIK', 'SIPIL']) u where a.code like 'K%';
select agency_derive ();
create table filling as
select g, ((lpad (to_hex ((extract (epoch from now () - interval '400 days') * 1000 + g::bigint * (34560000000 / {n}))::bigint), 12, '0'))
           || encode (substr (sha256 (g::text::bytea), 1, 10), 'hex'))::uuid as id, u.agency_id,
       now () - interval '400 days' + g * interval '400 days' / {n} as received, case when g > {n} * 0.95 or g % 40 = 0 then 5 else 7 end as state
from generate_series (1, {n}) g
join (select row_number () over (order by agency_id) - 1 as nth, agency_id, count (*) over () as units from agency where kind = 'unit' and code like 'K%') u
  on u.nth = (hashint4 (g) & 2147483647) % u.units;
insert into complaint (complaint_id, number, version, received, due_first, due_resolve, holder, adapter, state, events, channel, class, priority, rung, confidence, flags)
select id, g, 1, received, received + interval '7 days', received + interval '20 days', agency_id, 1, state, 2, 1, 2, 3, 3, 900, 0 from filling;
insert into content (complaint_id, digest, title, body, decision)
select s.id, '\\x00', '', (select string_agg (case when h % 300 = 0 then 'unik' || (h % 5000) else (array[{words}])[1 + sqrt ((h % 3600)::float8)::int % {count}] end, ' ')
                          from (select hashint8 (s.g::bigint * 61 + k) & 2147483647 as h from generate_series (1, 60) k) z),
       '{{"said": [[3, "category-place"]], "next": [], "rung": 3}}' from filling s;
insert into event (complaint_id, at, act_key, principal, agency, kind, number) select id, received, id, 0, agency_id, 1, 1 from filling;
insert into event (complaint_id, at, act_key, principal, agency, kind, number, text)
select id, received + interval '2 days', gen_random_uuid (), 1, agency_id, 17, 2, 'Sudah kami tangani.' from filling where state = 7;
insert into assignment (complaint_id, due, version, agency, state, priority, queued)
select id, received + interval '20 days', 1, agency_id, case when state = 7 then 7 else 1 + g % 4 end, 3, state <> 7 and g % 4 < 2 from filling;
"""


def fill(stack, count, search=True):
    """Two thirds of the time is what search finds them by."""
    began = time.monotonic()
    text = TREE.format(n=count, words=",".join(f"'{word}'" for word in WORDS), count=len(WORDS))
    for statement in text.split(";\n"):
        if statement.strip():
            stack.sql(statement)
    for start in range(0, count if search else 0, 20000):
        stack.sql("select search_make (array (select id from filling where g > %s and g <= %s))", start, start + 20000)
    for table in ("complaint", "content", "event", "assignment", "agency", "agency_above", "search_entry"):
        stack.sql(f"vacuum analyze {table}")
    print(f"{count} complaints after {time.monotonic() - began:.0f} s", flush=True)
