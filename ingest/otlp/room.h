/* The source otlp: traces, logs and metrics of OpenTelemetry, as OTLP/JSON from files and standard input, or received over
 * HTTP, as JSON or Protocol Buffers.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with the drawing in otlp.h; docs/ingest.md has the tables.
 *
 *   otlp             one document, from bytes to drafts
 *   file, serve      documents out of files; the HTTP receiver
 *   cut, cut_add     find where records of JSON begin and end, without parsing them; what they find
 *   wire, proto      the same for Protocol Buffers, with checks; records decoded into the form of JSON (fields.def)
 *   order            parents before children
 *   read             readers over parsed items: attributes, times, ids
 *   map              shared by spans and logs: attributes to fields by tables, reporters
 *   span, span_read  a span into events
 *   log, log_key     a log record into an event; its key
 *   held             events on their way from one thread to the other
 *   metric, series   a metric into events; cumulative points into those of intervals
 *
 * Words. A "document" is one Export...ServiceRequest; a "record" is a span, a log record or a metric in it. A "row" maps
 * one attribute to one field of the catalog. A "series" is a metric of one reporter with one set of attributes. */
#ifndef INGEST_OTLP_ROOM_H
#define INGEST_OTLP_ROOM_H

#endif
