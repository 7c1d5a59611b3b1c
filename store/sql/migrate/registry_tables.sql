-- The files of the registry, each in a table of its own and with the columns of the file, before anything of them is in force.
create temp table new_functions (code text, name text, unit_name text, levels text) on commit drop;
create temp table new_regions (code text, level int, name text, zone text) on commit drop;
create temp table new_agencies (code text, parent_code text, kind text, function_code text, region_code text, flags text, name text, zone text)
    on commit drop;
create temp table new_categories (number int, parent_number int, function_code text, agency_code text, class text, level text, sure int, name text)
    on commit drop;
create temp table new_oversight (phrase text, kind text) on commit drop;
create temp table new_competence (agency_code text, function_code text, region_code text) on commit drop;
create temp table new_mandates (owner text, weight int, phrase text, level text) on commit drop
