/* Values, fields and conditions: what can be asked of one event, and whether the event satisfies it. No index and no cursor
 * here.
 *
 * Sees: projections, ledger, base, query.h. Begin with field.h, then match.h.
 *
 *   value   values out of a body's bytes, and how they compare, exactly and across integers and reals
 *   field   the fields that have a number: the header's elements and every indexed body field of the catalog
 *   match   conditions, checked once and then asked of many events
 *   hash64  a quick hash for tables that can be thrown away
 *
 * Words. A "term" is one condition on one field; all terms of a query must hold. "Happened" is the source's time of an
 * event where it gives one, else the time of its commit. */
#ifndef QUERY_CONDITION_ROOM_H
#define QUERY_CONDITION_ROOM_H

#endif
