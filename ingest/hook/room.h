/* The source hook: what coding agents say of tool calls and permissions, through their hooks or their own files.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with hook.h; then read.c, which tells whose record it is,
 * and tool.c, the most used dialect.
 *
 *   hook      lines in, events out
 *   split     records out of lines
 *   read      which agent speaks, and what is remembered from one record to the next
 *   agent     what the dialects share: the reader, names
 *   tool      hooks of Claude Code, and of Codex and others in the same form
 *   codex, opencode, goose, rpc   other dialects; rpc is the Agent Client Protocol and Codex's JSON-RPC
 *   event     one event on its way: names for headers, content that stays private
 *   map       one JSON object, opened by names
 *
 * Words. A "record" is one JSON object of an agent. A "request" asks for permission; its "answer" may come in a later
 * record. Nothing is concluded that a record does not say. */
#ifndef INGEST_HOOK_ROOM_H
#define INGEST_HOOK_ROOM_H

#endif
