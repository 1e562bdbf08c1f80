/* Events as they are recorded, for other systems: one stream of lines that can be verified, and two formats that only
 * carry events to where they are watched.
 *
 * Sees: projections, ledger, base, cut (which events, what leaves of them), verify (what the verifiers share). Begin with
 * docs/stream.md, then stream.h.
 *   feed     which events are next, what leaves of each, pieces of output
 *   lines    lines of JSON with all that a verifier needs
 *   content  what leaves for those who do not verify
 *   otlp     requests of OTLP/HTTP with log records
 *   syslog   messages of RFC 5424
 *   cursor   how far another system has taken it
 *   check, section   verifying a file of lines
 *
 * Words. A "section" is what one run wrote to one file, from its first line on. The "claim" is what was asked for. An
 * event is "sealed" when a signed checkpoint of the stream covers it. */
#ifndef EXPORT_STREAM_ROOM_H
#define EXPORT_STREAM_ROOM_H

#endif
