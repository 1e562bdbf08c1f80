/* Files beneath a directory: opened by openat2, so that no link and no ".." leads elsewhere. */
#ifndef BASE_TREE_BENEATH_H
#define BASE_TREE_BENEATH_H

/* Opens `path` from the directory `root`, never to wait (O_NONBLOCK) and not for programs that are started (O_CLOEXEC). -1 with
 * errno: ELOOP for a link on the way, EXDEV for a path that leaves. */
int beneath_open(int root, const char *path, int flags);

#endif
