/* The source otlp: traces and logs of OpenTelemetry as OTLP/JSON, from files, standard input, or received over HTTP.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with the drawing in otlp.h; docs/ingest.md has the tables.
 *
 *   otlp             one document, from bytes to drafts
 *   file, serve      documents out of files; the HTTP receiver
 *   cut              finds where records begin and end, without parsing them
 *   order            parents before children
 *   read             readers over parsed items: attributes, times, ids
 *   map              shared by spans and logs: attributes to fields by tables, reporters
 *   span, span_read  a span into events
 *   log              a log record into an event
 *
 * Words. A "document" is one ExportTraceServiceRequest or ExportLogsServiceRequest; a "record" is a span or a log
 * record in it. A "row" maps one attribute to one field of the catalog. */
#ifndef INGEST_OTLP_ROOM_H
#define INGEST_OTLP_ROOM_H

#endif
