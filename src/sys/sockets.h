/* sockets.h — listeners and who is at the other end. Descriptors are close-on-exec and the caller's. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

/* Numeric addresses only ("127.0.0.1", "::", "0.0.0.0"); an IPv6 listener takes IPv6 alone. E_CONFLICT: the port is
 * taken; E_FORBIDDEN: below 1024 without the right. */
MUST_USE enum code listen_tcp(const char *address, uint16_t port, int *ret_fd, struct err *reterr);
/* As listen_tcp; who has the port is given wait_ms to go. */
MUST_USE enum code listen_tcp_after(const char *address, uint16_t port, int wait_ms, int *ret_fd, struct err *reterr);
/* A stream socket in the file system; a stale one is replaced, a live one is E_CONFLICT. */
MUST_USE enum code listen_unix(const char *path, mode_t mode, int *ret_fd, struct err *reterr);
/* As listen_unix; who listens there is given wait_ms to go. */
MUST_USE enum code listen_unix_after(const char *path, mode_t mode, int wait_ms, int *ret_fd, struct err *reterr);
/* E_PEER when nobody answers there. */
MUST_USE enum code connect_unix(const char *path, int *ret_fd, struct err *reterr);
/* wait_ms bounds the connecting. E_PEER when nobody answers. */
MUST_USE enum code connect_tcp(const char *address, uint16_t port, int wait_ms, int *ret_fd, struct err *reterr);
/* A port that was free a moment ago, for tests and `sejf demo`; 0: none found. */
uint16_t port_free(const char *address, uint16_t from, uint16_t until);

/* A line: two descriptors that two processes are given by a third, over which the first hands connections to the second. So the
 * first needs no right to connect to anything. */
MUST_USE enum code line_make(int *ret_from, int *ret_to, struct err *reterr);
/* Makes a stream connection, hands its other end over, keeps *ret_fd. E_PEER: nobody takes it. */
MUST_USE enum code line_send(int line, int *ret_fd, struct err *reterr);
/* The next one, without waiting; -1: there is none, or what came is no descriptor. */
int line_take(int line);
/* Over one such connection: a text of at most 200 bytes, and a descriptor with it (-1: none; ours stays ours). Never waits. */
MUST_USE bool socket_give(int fd, const char *text, int given);
/* 1: *ret_text and *ret_given (the caller's; -1: none came with it) are set; 0: nothing has come yet; -1: the other end is gone. */
int socket_given(int fd, char *ret_text, size_t room, int *ret_given);

struct peer { pid_t pid; uid_t uid; gid_t gid; };
/* SO_PEERCRED: set by the kernel when the connection was made. */
MUST_USE enum code socket_peer(int fd, struct peer *ret, struct err *reterr);
