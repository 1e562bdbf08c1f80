/* Who may use the server: tokens, codes and sessions, and what is counted of their use.
 *
 * Sees: base. Begin with tokens.h.
 *
 *   tokens    the file of tokens: read, changed under a lock, searched in constant time
 *   session   a person at a browser: a code that works once, a cookie, a word that forms carry
 *   meter     how much each may ask, and what is to be recorded of it
 *
 * Words. A "scope" is a thing that a token may do. A "holder" is who asks: a token or a session. */
#ifndef SERVE_ACCESS_ROOM_H
#define SERVE_ACCESS_ROOM_H

#endif
