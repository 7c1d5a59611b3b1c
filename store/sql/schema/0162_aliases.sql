-- The reporter of an alias may open the main complaint again.  That one's own reporter was told so by a notice, while his page, which is shown
-- nothing of an alias's reporter, went on to say that it is answered.  It is shown now that somebody did (`reopened`), and no word of it.

-- As in 0159, but for that.
create or replace function case_history (c complaint) returns json language plpgsql stable as $$
begin
    return (
        select json_agg (row_to_json (h) order by h.at, h.number nulls last)
        from (select v.at, v.number,
                     case when v.kind = 1 then 'placed'
                          when v.kind = 51 and v.data ? 'joined' then 'joined'
                          when v.kind = 53 then 'followed'
                          when v.kind = 54 then 'not_oversight'
                          when b.of_alias then 'reopened'
                          else s.word end as kind,
                     case when v.kind = 53 then (select o.word from step o where o.kind = (v.data ->> 'kind')::int) end as followed,
                     a.code as agency, a.name as agency_name, o.code as receiver, o.name as receiver_name,
                     case when (v.kind in (16, 17, 18, 22, 26, 53) or v.kind between 31 and 37) and not b.of_alias and not event_held (v.kind, v.number, r.words) then v.text end as text,
                     case when not b.of_alias then event_own_files (v.kind, v.number, v.data, r.words) end as attachments,
                     case v.kind when 22 then resolution_word ((v.data ->> 'reason')::int)
                                 when 26 then ending_word ((v.data ->> 'reason')::int) when 72 then ending_word ((v.data ->> 'reason')::int) end as reason,
                     case when v.kind between 40 and 48 then v.data ->> 'clock' end as clock,
                     case when v.kind in (40, 41) then v.data ->> 'due' when v.kind in (45, 46) then coalesce (v.data ->> 'new', v.data ->> 'due') end as due,
                     case when v.kind = 28 or v.kind = 51 and not v.data ? 'joined' then v.data ->> 'other' end as other,
                     (v.data ->> 'rating')::int as rating,
                     case when v.kind = 38 then (v.data ->> 'consent')::boolean end as consent,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 1 <> 0 end as anonymous,
                     case when v.kind = 39 then (v.data ->> 'now')::int & 2 <> 0 end as secret,
                     v.kind between 32 and 39 and not b.of_alias as mine
              from (select w.*, sum (coalesce (octet_length (w.text), 0) + 200) over (order by w.at desc, w.number desc nulls first rows unbounded preceding) as bytes
                    from event w where w.complaint_id = c.complaint_id) v
              cross join lateral (select event_of_alias (v.complaint_id, v.kind, v.act_key, v.data) as of_alias) b
              left join returned r on r.complaint_id = c.complaint_id
              left join step s on s.kind = v.kind
              left join agency a on a.agency_id = v.agency
              left join agency o on o.agency_id = (v.data ->> 'to')::int
              where v.bytes <= 400000 and (s.told or v.kind in (53, 54))
                and (not b.of_alias or (v.kind = 37 and not event_held (v.kind, v.number, r.words)))) h);
end $$;
