-- A pandoc filter: lets through what comes out right in Typst, refuses the
-- rest. Every command allowed here has a formula in tests/test_pdf.py.

local ALLOWED = [[
  begin end frac sqrt binom sum prod int partial nabla infty
  log exp ln max min arg sin cos
  alpha beta gamma delta epsilon eta theta lambda mu pi sigma omega kappa
  mathbf mathcal mathbb mathrm text hat bar tilde
  cdot times odot otimes pm le ge ne ll gg approx propto equiv sim in mid to
  Rightarrow dots cdots top quad left right lVert rVert lvert rvert
  langle rangle underbrace
]]
local ALLOWED_SYMBOLS = [[, \ { } %]]
local ALLOWED_ENVIRONMENTS = [[aligned cases pmatrix bmatrix]]

local function set(words)
  local result = {}
  for word in words:gmatch('%S+') do result[word] = true end
  return result
end
local commands = set(ALLOWED .. ALLOWED_SYMBOLS)
local environments = set(ALLOWED_ENVIRONMENTS)

local function refuse(what, text)
  error('cannot convert ' .. what .. ': ' .. text, 0)
end

local function literal(text)
  text = text:gsub('^%s+', ''):gsub('%s+$', '')
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end

function Math(formula)
  local tex = formula.text
  local rest = tex:gsub('\\(%a+)', function(name)
    if not commands[name] then refuse('the command \\' .. name .. ' in', tex) end
    return ' '
  end)
  for symbol in rest:gmatch('\\(.)') do
    if not commands[symbol] then refuse('\\' .. symbol .. ' in', tex) end
  end
  for name in tex:gmatch('\\begin{(.-)}') do
    if not environments[name] then refuse('the environment ' .. name .. ' in', tex) end
  end
  if tex:find('%d[eE][+-]?%d') then
    refuse('a number such as 1e-8, which would be set as a product, in', tex)
  end
  if tex:find('\\left%.') or tex:find('\\right%.') then
    refuse('a delimiter without its partner in', tex)
  end
  -- Alone, pandoc sets these bars with the space of a relation.
  formula.text = tex:gsub('\\left%s*\\lvert', '\\lvert'):gsub('\\right%s*\\rvert', '\\rvert')
    :gsub('\\lvert', '\\left|'):gsub('\\rvert', '\\right|')
  local typst = pandoc.write(pandoc.Pandoc { pandoc.Plain { formula } }, 'typst', { wrap_text = 'none' })
  typst = typst:gsub('(%a)%.circle', '%1.o')  -- the name in Typst 0.15
  return pandoc.RawInline('typst', '#formula(' .. typst .. ', ' .. literal(tex) .. ');')
end

function Str(element)
  if element.text:find('%$') or element.text:find('\\%a') then
    refuse('text that looks like a formula', element.text)
  end
end

-- A paragraph that ends with a colon stays with what follows.
function Para(element)
  local last = element.content[#element.content]
  if last.t == 'Str' and last.text:sub(-1) == ':' then
    return { pandoc.RawBlock('typst', '#block(sticky: true)['), pandoc.Plain(element.content), pandoc.RawBlock('typst', ']') }
  end
end

-- Between two texts of a notebook.
function CodeBlock(element)
  if element.classes[1] == 'nbtypst-boundary' then
    return pandoc.RawBlock('typst', '//nbtypst-boundary')
  end
end

function RawInline(element) refuse('raw ' .. element.format, element.text) end
function RawBlock(element) refuse('raw ' .. element.format, element.text) end
function Image(element) refuse('a picture in the text', element.src) end

return {
  { Str = Str, RawInline = RawInline, RawBlock = RawBlock, Image = Image },
  { Math = Math },
  { Para = Para, CodeBlock = CodeBlock },
}
