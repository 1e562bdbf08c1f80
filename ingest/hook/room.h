/* The source hook: coding agents' tool calls and permissions, from their hooks or their own files.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with hook.h; then read.c, which recognizes the agent, and
 * tool.c, the most common dialect.
 *
 *   hook      lines in, events out
 *   read      recognizes the agent; what is remembered between records
 *   agent     shared by the dialects: the reader, names
 *   tool      hooks of Claude Code, and of Codex and others in the same form
 *   codex, opencode, goose, rpc   other dialects; rpc is the Agent Client Protocol and Codex's JSON-RPC
 *   event     one event in the making: names for headers, private content
 *   map       one JSON object, opened by names
 *
 * Words. A "record" is one JSON object of an agent. A "request" asks for permission; its "answer" may come in a later
 * record. Nothing is inferred that a record does not say. */
#ifndef INGEST_HOOK_ROOM_H
#define INGEST_HOOK_ROOM_H

#endif
