-- Another token for each request, in turn.
local requests = {}
for token in io.lines("@TOKENS@") do
    requests[#requests + 1] = token
end

local built, number = {}, 0
function init()
    for index, token in ipairs(requests) do
        built[index] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
    end
end

function request()
    number = number % #built + 1
    return built[number]
end
