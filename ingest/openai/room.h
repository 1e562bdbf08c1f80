/* The source openai: servers of models with OpenAI's interface: llama.cpp, vLLM, LM Studio, SGLang and others; or answers of
 * theirs that were saved.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with openai.h, then look.c for one look at a server.
 *
 *   openai  the source: a server, or files
 *   look    the questions, in their order, and which server it is
 *   read    answers, from JSON and metrics to facts
 *   model   entries of lists
 *   diff    facts against those of the last look, and which events follow
 *   event   bodies and keys
 *   saved   files with answers; call: a saved chat completion
 *
 * Words. A "server" is a row of servers.def. "Facts" are what one look, or one file, says of it. */
#ifndef INGEST_OPENAI_ROOM_H
#define INGEST_OPENAI_ROOM_H

#endif
