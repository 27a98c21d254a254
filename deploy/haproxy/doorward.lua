-- Asks doorward about a request. Needs HAProxy 2.6 or later, which has core.httpclient.
--
-- It answers denials itself. It allows a request by setting txn.doorward to "allowed". The line after `http-request lua.doorward`
-- denies everything else, also after an error of this script.

local url = "http://127.0.0.1:8080/verify/haproxy"

-- In milliseconds. doorward itself may wait: 2 s for a password, 0.8 s (dependency_wait) for an issuer or a database.
local timeout = 3000

-- doorward gets only the headers that it reads. A token source `header:X-Token` needs its name here.
-- `doorward config proxy haproxy` prints the lines between the marks for your configuration.
-- >>> doorward config proxy haproxy: ask
local asked_with = { "authorization", "cookie", "origin", "access-control-request-method", "sec-websocket-protocol", "x-request-id", "traceparent" }
-- <<< doorward config proxy haproxy: ask

-- One name for each entry of doorward's claim_headers.
-- >>> doorward config proxy haproxy: copy
local identity = { "x-auth-subject", "x-auth-issuer", "x-auth-client-id", "x-auth-scopes", "x-auth-email" }
-- <<< doorward config proxy haproxy: copy

-- The headers that the client gets with a denial.
local passed_on = { "www-authenticate", "x-auth-reason", "content-type", "cache-control", "retry-after" }

-- All values of a field, in order. doorward must see both of two Authorization fields, to refuse them.
local function lines(field)
  local list = {}
  for at = 0, #field do
    if field[at] then list[#list + 1] = field[at] end
  end
  return list
end

-- A host without case, port and final dot.
local function name_of(host)
  return (host:lower():gsub(":%d*$", ""):gsub("%.$", ""))
end

-- The path and query that doorward checks and the application gets, or nothing. A request line may also name a host
-- (GET http://a/ HTTP/1.1, and any request by HTTP/2). If it differs from the Host field, doorward would check one host, and the
-- application would serve the other.
local function target_of(txn, client)
  local url = txn.f:url()
  if url:sub(1, 1) == "/" then return url end
  local host, path = url:match("^%a+://([^/]*)(.*)$")
  local named = client["host"] and lines(client["host"])
  if not host or not named or #named ~= 1 or name_of(host) ~= name_of(named[1]) then return nil end
  return path == "" and "/" or path
end

local function question(txn, client, target)
  local headers = {}
  for _, name in ipairs(asked_with) do
    if client[name] then headers[name] = lines(client[name]) end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
  headers["x-forwarded-uri"] = { target }
  headers["x-forwarded-host"] = client["host"] and lines(client["host"])
  -- By HAProxy's own knowledge; read where doorward has a failure_limit.
  headers["x-real-ip"] = { txn.f:src() }
  return headers
end

local function allow(txn, answer, target)
  txn.http:req_set_uri(target)
  for _, name in ipairs(identity) do
    local value = answer[name] and answer[name][0] or ""
    -- An empty value also overwrites the client's own.
    txn.http:req_set_header(name, value)
  end
  -- With the token source `websocket`: the client's protocols without the token.
  local protocols = answer["x-auth-websocket-protocol"]
  if protocols then
    txn.http:req_del_header("sec-websocket-protocol")
    if protocols[0] ~= "" then txn.http:req_set_header("sec-websocket-protocol", protocols[0]) end
  end
  txn:set_var("txn.doorward", "allowed")
end

local function deny(txn, status, answer, body)
  local reply = txn:reply()
  reply:set_status(status)
  for _, name in ipairs(passed_on) do
    for _, value in ipairs(answer[name] and lines(answer[name]) or {}) do reply:add_header(name, value) end
  end
  reply:set_body(body or "")
  txn:done(reply)
end

core.register_action("doorward", { "http-req" }, function(txn)
  local client = txn.http:req_get_headers()
  local target = target_of(txn, client)
  -- If an application answered CONNECT with 200, HAProxy would open a tunnel, and what follows would bypass doorward.
  if txn.f:method() == "CONNECT" then return deny(txn, 405, {}, nil) end
  if not target then return deny(txn, 400, {}, nil) end
  local answer = core.httpclient():get{ url = url, headers = question(txn, client, target), timeout = timeout }
  if answer and answer.status == 200 then
    allow(txn, answer.headers, target)
  elseif answer and answer.status >= 400 and answer.headers["x-auth-reason"] then
    deny(txn, answer.status, answer.headers, answer.body)
  else
    -- No answer, or not by doorward.
    deny(txn, 503, {}, nil)
  end
end, 0)
