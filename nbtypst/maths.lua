-- Formulas: LaTeX as MathJax reads it, to Typst, and to MathML for the words.
--
-- Returns a function of a list of { tex =, block = }. It gives as many of
-- { typst =, mathml = }, or of { problem = } where a formula cannot be set.
--
-- Every token is either set or the formula is refused; none is dropped. So it
-- is parsed here, and pandoc is asked for the symbols only: its own writer
-- drops colours, tags and lines. A character of the formula reaches Typst
-- alone, escaped, or in a string literal; so none becomes code.

local MAX_LENGTH, MAX_DEPTH = 10000, 30
local MAX_EXPANDED, MAX_ALL_EXPANDED = 20000, 200000  -- tokens: of a formula, and by macros of all

local function refuse(...)
  error({ problem = string.format(...) }, 0)
end

-- 'a b=c' -> { a = true, b = 'c' }
local function words(text)
  local result = {}
  for word in text:gmatch('%S+') do
    local key, value = word:match('^([^=]+)=(.+)$')
    result[key or word] = value or true
  end
  return result
end

---------------------------------------------------------------- what is known

-- Commands with arguments: in Typst, in MathML.
local TEMPLATES = {
  frac = { 'frac(%1, %2)', '<mfrac>%1%2</mfrac>' },
  dfrac = { 'display(frac(%1, %2))', '<mfrac>%1%2</mfrac>' },
  cfrac = { 'display(frac(%1, %2))', '<mfrac>%1%2</mfrac>' },
  tfrac = { 'inline(frac(%1, %2))', '<mfrac>%1%2</mfrac>' },
  binom = { 'binom(%1, %2)', '<mo>(</mo><mfrac linethickness="0">%1%2</mfrac><mo>)</mo>' },
  dbinom = { 'display(binom(%1, %2))', '<mo>(</mo><mfrac linethickness="0">%1%2</mfrac><mo>)</mo>' },
  tbinom = { 'inline(binom(%1, %2))', '<mo>(</mo><mfrac linethickness="0">%1%2</mfrac><mo>)</mo>' },
  overset = { 'limits(%2)^(%1)', '<mover>%2%1</mover>' },
  underset = { 'limits(%2)_(%1)', '<munder>%2%1</munder>' },
  stackrel = { 'class("relation", limits(%2)^(%1))', '<mover>%2%1</mover>' },
  cancel = { 'cancel(%1)', '<menclose notation="updiagonalstrike">%1</menclose>' },
  bcancel = { 'cancel(%1, inverted: #true)', '<menclose notation="downdiagonalstrike">%1</menclose>' },
  xcancel = { 'cancel(%1, cross: #true)', '<menclose notation="updiagonalstrike downdiagonalstrike">%1</menclose>' },
  boxed = { '#box(stroke: 0.5pt, inset: (x: 3pt), outset: (y: 3pt), $ %1 $)',
    '<menclose notation="box">%1</menclose>' },
  phantom = { '#hide($%1$)', '<mphantom>%1</mphantom>' },
  vphantom = { '#box(width: 0pt, hide($%1$))', '<mphantom>%1</mphantom>' },
  bra = { 'lr(\\⟨%1/**/|)', '<mo>⟨</mo>%1<mo>|</mo>' },
  ket = { 'lr(|/**/%1\\⟩)', '<mo>|</mo>%1<mo>⟩</mo>' },
  braket = { 'lr(\\⟨%1\\⟩)', '<mo>⟨</mo>%1<mo>⟩</mo>' },
  hphantom = { '#hide($%1$)', '<mphantom>%1</mphantom>' },
  smash = { '%1', '%1' },
  pmod = { '#h(1em) \\(op("mod") #h(0.333em) %1\\)',
    '<mspace width="1em"/><mo>(</mo><mi>mod</mi><mspace width="0.333em"/>%1<mo>)</mo>' },
  bmod = { 'class("binary", "mod")', '<mo>mod</mo>' },
  mod = { '#h(1em) op("mod") #h(0.333em)', '<mo>mod</mo>' },
  LaTeX = { '\1"LaTeX"\1', '<mtext>LaTeX</mtext>' },
  TeX = { '\1"TeX"\1', '<mtext>TeX</mtext>' },
  underline = { 'underline(%1)', '<munder>%1<mo accent="true">_</mo></munder>' },
}
-- Accents: Typst's function, and the character in MathML.
for name, accent in pairs(words [[
  hat=hat:̂ widehat=hat:̂ tilde=tilde:̃ widetilde=tilde:̃ bar=macron:‾ overline=overline:¯
  vec=arrow:→ overrightarrow=arrow:→ overleftarrow=arrow.l:← overleftrightarrow=arrow.l.r:↔
  dot=dot:̇ ddot=dot.double:̈ dddot=dot.triple:⃛ ddddot=dot.quad:⃜ acute=acute:́ grave=grave:̀
  breve=breve:̆ check=caron:̌ widecheck=caron:̌ mathring=circle:̊
]]) do
  local typst, char = accent:match('(.*):(.*)')
  TEMPLATES[name] = { typst .. '(%1)', '<mover>%1<mo accent="true">' .. char .. '</mo></mover>' }
end
for name, char in pairs(words 'overbrace=⏞ overbracket=⎴ overparen=⏜ underbrace=⏟ underbracket=⎵ underparen=⏝') do
  local tag = name:match('^over') and 'mover' or 'munder'
  TEMPLATES[name] = { 'limits(' .. name .. '(%1))',
    ('<%s>%%1<mo accent="true">%s</mo></%s>'):format(tag, char, tag), 'limits' }
end
for name, class in pairs(words [[
  mathrel=relation mathbin=binary mathord=normal mathopen=opening mathclose=closing
  mathpunct=punctuation mathinner=normal
]]) do
  TEMPLATES[name] = { 'class("' .. class .. '", %1)', '%1' }
end

-- As Typst names them, and MathML. `{\bf x}` is an old way to write them.
local FONTS = words [[
  mathrm=upright:normal mathup=upright:normal rm=upright:normal mathnormal=italic:italic
  mathbf=upright,bold:bold bold=upright,bold:bold bf=upright,bold:bold boldsymbol=bold:bold-italic
  bm=bold:bold-italic pmb=bold:bold-italic mathit=italic:italic it=italic:italic mathbb=bb:double-struck
  Bbb=bb:double-struck mathds=bb:double-struck mathbbm=bb:double-struck mathcal=cal:script cal=cal:script
  mathscr=scr:script scr=scr:script mathfrak=frak:fraktur frak=frak:fraktur mathsf=upright,sans:sans-serif
  sf=upright,sans:sans-serif mathtt=mono:monospace tt=mono:monospace
]]
local TEXTS = words [[
  text=: textrm=: textnormal=: textup=: mbox=: hbox=: textbf=bold textit=italic emph=italic texttt=mono
  textsf=sans
]]
-- What lasts to the end of the group.
local SWITCHES = words [[
  rm bf it cal scr frak sf tt displaystyle=display textstyle=inline scriptstyle=script
  scriptscriptstyle=sscript tiny=0.5 scriptsize=0.7 small=0.85 normalsize=1 large=1.2 Large=1.44
  LARGE=1.73 huge=2.07 Huge=2.49
]]
local OPERATORS = words [[
  arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh
]]
local LIMIT_OPERATORS = words [[
  det=det gcd=gcd inf=inf lim=lim max=max min=min Pr=Pr sup=sup liminf=lim_inf limsup=lim_sup
  injlim=inj_lim projlim=proj_lim
]]
local LARGE_SYMBOLS = '∑∏∐⋂⋃⋁⋀⨁⨂⨀⨄⨆'
-- In eighteenths of an em.
local SPACES = {
  [','] = 3, thinspace = 3, [':'] = 4, ['>'] = 4, medspace = 4, [';'] = 5, thickspace = 5, ['!'] = -3,
  negthinspace = -3, negmedspace = -4, negthickspace = -5, [' '] = 4.5, space = 4.5, nobreakspace = 4.5,
  enspace = 9, enskip = 9, quad = 18, qquad = 36, hfill = 18,
}
local EMS = words 'em=1 mu=0.0556 ex=0.43 pt=0.1 px=0.075 mm=0.285 cm=2.85 in=7.2'
local BIG = words 'big=1.2 Big=1.8 bigg=2.4 Bigg=3'
local BIG_CLASSES = { [''] = 'normal', l = 'opening', r = 'closing', m = 'relation' }
local ARROWS = words 'xrightarrow=→ xleftarrow=← xRightarrow=⇒ xLeftarrow=⇐ xleftrightarrow=↔ xmapsto=↦'
local COLORS = words [[
  red=ff0000 green=008000 blue=0000ff black=000000 white=ffffff gray=808080 grey=808080 orange=ffa500
  purple=800080 brown=a52a2a yellow=ffff00 cyan=00ffff magenta=ff00ff teal=008080 violet=ee82ee
  pink=ffc0cb lime=00ff00 olive=808000 navy=000080 maroon=800000 darkgreen=006400 darkblue=00008b
  darkred=8b0000 crimson=dc143c royalblue=4169e1 forestgreen=228b22 tomato=ff6347 steelblue=4682b4
  dodgerblue=1e90ff limegreen=32cd32 darkorange=ff8c00 gold=ffd700 salmon=fa8072 lightblue=add8e6
  lightgreen=90ee90 lightgray=d3d3d3 darkgray=a9a9a9 indigo=4b0082 turquoise=40e0d0
]]
-- Environments with rows: aligned at each &, or centred; or with columns.
local ALIGNED = words 'align aligned alignat alignedat flalign split eqnarray'
local CENTRED = words 'equation gather gathered multline displaymath math'
local MATRICES = {
  matrix = '#none', smallmatrix = '#none', array = '#none', pmatrix = '"("', bmatrix = '"["',
  Bmatrix = '"{"', vmatrix = '"|"', Vmatrix = '"‖"', cases = '#("{", none)', dcases = '#("{", none)',
  rcases = '#(none, "}")',
}
local FENCES = { pmatrix = '()', bmatrix = '[]', Bmatrix = '{}', vmatrix = '||', Vmatrix = '‖‖', cases = '{',
  dcases = '{' }
-- Where pandoc's symbol or Typst's spacing is not MathJax's.
local SYMBOLS = words [[
  backslash=\ setminus=∖ |=‖ Vert=‖ lVert=‖ rVert=‖ lvert=| rvert=| vert=| longrightarrow=⟶ longleftarrow=⟵
  longleftrightarrow=⟷ longmapsto=⟼ Longrightarrow=⟹ Longleftarrow=⟸ Longleftrightarrow=⟺ iff=⟺ preceq=⪯
  succeq=⪰ amalg=⨿ backepsilon=∍ barwedge=⊼ bigcirc=◯ blacklozenge=⧫ cdotp=⋅ centerdot=⋅ doublebarwedge=⩞
  geqslant=⩾ leqslant=⩽ leadsto=⇝ square=□ triangledown=▽ triangleleft=◃ triangleright=▹ varnothing=∅
  vartriangle=△ surd=√ intop=∫ ldotp=. shortmid=∣ shortparallel=∥ thicksim=∼ thickapprox=≈ degree=°
]]
local SPACING = { colon = 'punctuation' }
local RAISED = words [[
  + - = < > * \\le \\leq \\ge \\geq \\lt \\gt \\ne \\neq \\times \\cdot \\cap \\cup \\in \\to \\rightarrow \\wedge \\vee \\land
  \\lor \\subset \\subseteq \\pm \\circ \\sim \\approx \\equiv \\oplus \\otimes \\ll \\gg \\prec \\succ
]]
local IGNORED = words [[
  nonumber notag mathstrut strut allowbreak nobreak relax protect noindent centering null /
]]
local DEFINITIONS = words 'newcommand renewcommand providecommand def gdef let DeclareMathOperator'
local INFIXES = words 'over choose atop'
local SIGNS, NO_OPERAND = words '+ - \\pm \\mp', '+-±∓×⋅=<>≤≥≈∼≡≠∝∈→⇒⇔,;:([{&'
local ENDS = words '} & \\\\ \\cr \\newline \\end \\right \\middle $ \\)'

---------------------------------------------------------------- tokens

local macros = {}  -- those of all formulas so far: name -> count, default, body
local labels = {}  -- label -> tag
local input        -- the tokens to come, the next one last
local expanded, depth, size
local all_expanded = 0
local tag          -- of the present row

local function tokenize(tex)
  local tokens, position = {}, 1
  while position <= #tex do
    local token = tex:match('^%%[^\n]*\n?%s*', position)  -- a comment
    if not token then
      token = tex:match('^%s+', position) or tex:match('^\\%a+', position) or tex:match('^\\%s', position)
        or tex:match('^\\?' .. utf8.charpattern, position)
      tokens[#tokens + 1] = token:gsub('%s+', ' ')
    end
    position = position + #token
  end
  return tokens
end

local function push(tokens)
  expanded = expanded + #tokens + 1
  if expanded > MAX_EXPANDED then refuse('its macros make it too long') end
  for n = #tokens, 1, -1 do input[#input + 1] = tokens[n] end
end

local function skip_spaces()
  while input[#input] == ' ' do input[#input] = nil end
end

-- Whether this comes next; it is taken then.
local function accept(token)
  if input[#input] ~= token then return false end
  input[#input] = nil
  return true
end

-- The tokens up to a closing one, as they are.
local function raw_until(closing)
  local tokens, level = {}, 0
  while true do
    local token = table.remove(input) or refuse('%s is missing', closing)
    if token == closing and level == 0 then return tokens end
    level = level + (token == '{' and 1 or token == '}' and -1 or 0)
    tokens[#tokens + 1] = token
  end
end

-- An argument, as it is.
local function raw()
  skip_spaces()
  if accept('{') then return raw_until('}') end
  local token = table.remove(input)
  if not token or token == '}' then refuse('an argument is missing') end
  return { token }
end

local function raw_text()
  return table.concat(raw())
end

local function raw_option()
  skip_spaces()
  return accept('[') and raw_until(']') or nil
end

local function expand(macro)
  local arguments = {}
  for n = 1, macro.count do
    arguments[n] = n == 1 and macro.default and (raw_option() or macro.default) or raw()
  end
  local tokens, place = {}, false
  for _, token in ipairs(macro.body) do
    if place then
      local argument = arguments[tonumber(token)] or refuse('a macro uses an argument that it has not')
      table.move(argument, 1, #argument, #tokens + 1, tokens)
      if #tokens > MAX_EXPANDED then refuse('its macros make it too long') end
    elseif token ~= '#' then
      tokens[#tokens + 1] = token
    end
    place = token == '#' and not place
  end
  all_expanded = all_expanded + #tokens
  if all_expanded > MAX_ALL_EXPANDED then refuse('the macros of the notebook make its formulas too long') end
  push(tokens)
end

-- The next token, with macros expanded, without taking it.
local function peek(keeps_spaces)
  if not keeps_spaces then skip_spaces() end
  while macros[input[#input]] do
    expand(macros[table.remove(input)])
    if not keeps_spaces then skip_spaces() end
  end
  return input[#input]
end

local function take(keeps_spaces)
  local token = peek(keeps_spaces)
  input[#input] = nil
  return token
end

local function expect(token)
  if take() ~= token then refuse('%s is missing', token) end
end

local function macro_name()
  local name = raw_text():match('^%s*(\\%S+)%s*$')
  return name or refuse('a macro has no name')
end

local function define(command)
  local star = accept('*') and '*' or ''
  local name, macro = macro_name(), { count = 0 }
  if command == 'DeclareMathOperator' then
    macro.body = tokenize('\\operatorname' .. star .. '{' .. raw_text() .. '}')
  elseif command == 'let' then
    skip_spaces()
    accept('=')
    local body = raw()
    macro = macros[body[1]] or { count = 0, body = body }
  elseif command == 'def' or command == 'gdef' then
    while input[#input] ~= '{' do
      macro.count = macro.count + 1
      if not (accept('#') and accept(tostring(macro.count))) then
        refuse('\\def with delimiters between its arguments is not supported')
      end
    end
    macro.body = raw()
  else
    macro.count = tonumber(table.concat(raw_option() or { '0' })) or refuse('a macro has no number of arguments')
    macro.default = raw_option()
    macro.body = raw()
    if command == 'providecommand' and macros[name] then return end
  end
  macros[name] = macro
end

---------------------------------------------------------------- nodes

-- In Typst, \1 stands where no space may be, as it would be seen: beside text
-- and bars. The kind says where scripts go.
local function node(typst, mathml, kind)
  return { typst = typst, mathml = mathml or '', kind = kind }
end

local function escape_xml(text)
  return (text:gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;'))
end

local function join(nodes)
  local typst, mathml = {}, {}
  for _, one in ipairs(nodes) do
    if one.typst ~= '' then typst[#typst + 1] = one.typst end
    mathml[#mathml + 1] = one.mathml
  end
  return node(table.concat(typst, ' '):gsub(' ?\1+ ?', '\1'), table.concat(mathml))
end

-- As an argument of a function.
local function content(nodes)
  local all = join(nodes)
  if all.typst == '' then all.typst = '""' end
  all.mathml = '<mrow>' .. all.mathml .. '</mrow>'
  return all
end

local function fill(template, arguments, kind)
  local function field(n, name) return (template[n]:gsub('%%(%d)', function(k)
    return arguments[tonumber(k)][name]
  end)) end
  return node(field(1, 'typst'):gsub('%(\1', '('):gsub(', \1', ', '):gsub('\1%)', ')'), field(2, 'mathml'), kind)
end

local function literal(text)
  return '"' .. text:gsub('[\\"]', '\\%0') .. '"'
end

local function text_node(text, font)
  local typst = font and font .. '(' .. literal(text) .. ')' or literal(text)
  return node('\1' .. typst .. '\1', '<mtext>' .. escape_xml(text) .. '</mtext>')
end

-- Without the empty strings the operators beside it would lose their space.
local function space(ems)
  local width = ('%.3f'):format(ems):gsub('%.?0+$', '')
  return node('"" #h(' .. width .. 'em) ""', '<mspace width="' .. width .. 'em"/>', 'space')
end

-- Ranges of characters: controls, combining and private ones and the like;
-- brackets, which Typst would pair; what is at home in formulas.
local INVISIBLE = { 0, 0x9F, 0x300, 0x36F, 0x200B, 0x200F, 0x2028, 0x202F, 0x2060, 0x206F, 0x20D0, 0x20FF,
  0xE000, 0xF8FF, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xE0000, 0x10FFFF }
local BRACKETS = { 0x2308, 0x232F, 0x2768, 0x2775, 0x27E6, 0x27EF, 0x2983, 0x2998, 0x29D8, 0x29FD }
local MATHEMATICAL = { 0xAC, 0xAC, 0xB0, 0xB1, 0xB7, 0xB7, 0xD7, 0xD7, 0xF7, 0xF7, 0x2010, 0x2DFF, 0x1D400, 0x1D7FF }

local function is_in(code, ranges)
  for n = 1, #ranges, 2 do
    if code >= ranges[n] and code <= ranges[n + 1] then return true end
  end
  return false
end

-- One character, as Typst sets it without any meaning.
local function character(char)
  if char:match('^%a$') then return node(char, '<mi>' .. char .. '</mi>', 'letter') end
  local mathml = '<mo>' .. (char == '-' and '−' or escape_xml(char)) .. '</mo>'
  if char == '|' or char == '‖' then return node('\1' .. char .. '\1', mathml) end
  if char:match('^[])}]$') then return node('\\' .. char, mathml, 'letter') end
  if char == '*' then return node('∗', mathml) end  -- `*/` would end a comment
  if char:match('^[-+=@?!]$') then return node(char, mathml) end
  if char:match('^%p$') then return node('\\' .. char, mathml) end
  local code = utf8.codepoint(char)
  if is_in(code, INVISIBLE) then
    refuse('it has a character that does not stand alone (U+%04X)', code)
  end
  if code >= 0x370 and code < 0x400 then return node(char, '<mi>' .. char .. '</mi>', 'letter') end
  if is_in(code, BRACKETS) then return node('\\' .. char, mathml) end
  if is_in(code, MATHEMATICAL) then
    return node(char, mathml, LARGE_SYMBOLS:find(char, 1, true) and 'movable')
  end
  return text_node(char)
end

local known, identifiers = {}, {}
-- What pandoc takes for a command.
local function symbol(command)
  if known[command] == nil then
    local char = SYMBOLS[command]
    if not char then
      local one = pandoc.Pandoc { pandoc.Plain { pandoc.Math('InlineMath', '\\' .. command) } }
      local html
      pandoc.log.silence(function() html = pandoc.write(one, 'html', { html_math_method = 'mathml' }) end)
      char = html:match('<semantics><m[io][^>]*>([^<]*)</m[io]><annotation')
      identifiers[command] = html:match('<semantics><mi')
      char = char and char:gsub('&lt;', '<'):gsub('&gt;', '>'):gsub('&amp;', '&')
    end
    known[command] = char and utf8.len(char) == 1 and char or false
  end
  local one = character(known[command] or refuse('the command \\%s is not supported', command))
  if identifiers[command] then one.mathml = one.mathml:gsub('mo>', 'mi>') end
  return one
end

---------------------------------------------------------------- the parser

local parse_list, parse_atom

local function deeper(step)
  depth = depth + step
  if depth > MAX_DEPTH then refuse('it is nested too deeply') end
end

local function parse_group()
  expect('{')
  local nodes = parse_list()
  expect('}')
  return nodes
end

-- What a command takes: a group, a command with its own, or one character.
local function argument()
  local token = peek()
  if token == '{' then return parse_group() end
  if not token or ENDS[token] or token == '^' or token == '_' then refuse('an argument is missing') end
  return { parse_atom(true) }
end

local function option()
  if peek() ~= '[' then return end
  take()
  local nodes = parse_list(']')
  expect(']')
  return nodes
end

local function length(text)
  local number, unit = text:gsub('%s', ''):match('^([+-]?%d*%.?%d*)(%a%a)$')
  if not tonumber(number) or not EMS[unit] then refuse('%s is not a length', text) end
  return space(tonumber(number) * EMS[unit])
end

local TEXT_SYMBOLS = {
  ['\\ '] = ' ', ['~'] = '\u{a0}', ['\\,'] = '\u{2009}', ['\\;'] = ' ', ['\\:'] = ' ', ['\\quad'] = '\u{2003}',
  ['\\qquad'] = '\u{2003}\u{2003}', ['\\ldots'] = '…', ['\\dots'] = '…', ['\\textbackslash'] = '\\', ['`'] = '‘',
  ["'"] = '’', ['\\ss'] = 'ß', ['\\ '] = ' ',
}

local function reference(name)
  return labels[name] or name
end

-- The text between braces, with the formulas in it.
local function parse_text(font)
  deeper(1)
  local nodes, text, level = {}, '', 1
  local function flush()
    text = text:gsub('‘‘', '“'):gsub('’’', '”'):gsub('%-%-', '–')
    if text ~= '' then nodes[#nodes + 1] = text_node(text, font) end
    text = ''
  end
  expect('{')
  while true do
    local token = take(true) or refuse('} is missing')
    local command = token:match('^\\(%a+)$')
    level = level + (token == '{' and 1 or token == '}' and -1 or 0)
    if level == 0 then break end
    if token == '$' or token == '\\(' then
      flush()
      nodes[#nodes + 1] = join(parse_list())
      expect(token == '$' and '$' or '\\)')
    elseif TEXTS[command] then
      flush()
      nodes[#nodes + 1] = parse_text(TEXTS[command] ~= ':' and TEXTS[command] or font)
    elseif TEXT_SYMBOLS[token] then text = text .. TEXT_SYMBOLS[token]
    elseif token:match('^\\[%%$&#_{}]$') then text = text .. token:sub(2)
    elseif command == 'ref' then text = text .. reference(raw_text())
    elseif command == 'eqref' then text = text .. '(' .. reference(raw_text()) .. ')'
    elseif token:match('^[\\&]') then refuse('%s in a text is not supported', token)
    elseif token:match('^%c$') then refuse('it has a control character')
    elseif token ~= '{' and token ~= '}' then text = text .. token end
  end
  flush()
  deeper(-1)
  return join(nodes)
end

local function delimiter()
  local token = take() or refuse('a delimiter is missing')
  if token == '.' then return node('') end
  local char = ({ ['<'] = '⟨', ['\\lt'] = '⟨', ['>'] = '⟩', ['\\gt'] = '⟩' })[token]
    or token:match('^[][()/|]$') or token:match('^\\([{}])$')
  if char then return character(char) end
  return token:match('^\\') and symbol(token:sub(2)) or refuse('%s is not a delimiter', token)
end

local function parse_left()
  -- Typst stretches what comes first and last.
  local nothing = node('""')
  local function stretched()
    local one = delimiter()
    return one.typst == '' and nothing or one
  end
  local nodes = { stretched() }
  while true do
    table.move(parse_list(), 1, MAX_LENGTH, #nodes + 1, nodes)
    local token = take()
    if token == '\\right' then break end
    if token ~= '\\middle' then refuse('\\right is missing') end
    nodes[#nodes + 1] = fill({ 'mid(%1)', '%1' }, { delimiter() })
  end
  nodes[#nodes + 1] = stretched()
  return fill({ 'lr(%1)', '<mrow>%1</mrow>' }, { join(nodes) })
end

-- The rows of an environment, each a list of cells, and after which are lines.
local function parse_rows()
  local rows, lines = { {} }, {}
  while true do
    while peek() == '\\hline' do
      take()
      lines[#lines + 1] = #rows - 1
    end
    table.insert(rows[#rows], parse_list())
    local token = peek()
    if tag and token ~= '&' then
      table.insert(rows[#rows][#rows[#rows]], tag)
      tag = nil
    end
    if token == '\\\\' or token == '\\cr' or token == '\\newline' then
      take()
      accept('*')
      if input[#input] == '[' then length(table.concat(raw_option())) end
      rows[#rows + 1] = {}
    elseif token == '&' then
      take()
    else
      break
    end
  end
  local last = rows[#rows]
  if #rows > 1 and #last == 1 and #last[1] == 0 then rows[#rows] = nil end
  return rows, lines
end

local function table_mathml(rows)
  local result = {}
  for r, row in ipairs(rows) do
    local cells = {}
    for n, cell in ipairs(row) do cells[n] = '<mtd>' .. join(cell).mathml .. '</mtd>' end
    result[r] = '<mtr>' .. table.concat(cells) .. '</mtr>'
  end
  return '<mtable>' .. table.concat(result) .. '</mtable>'
end

-- Rows below each other. `typst` is for within a formula, `rows` for alone.
local function aligned(rows, is_centred, has_gaps)
  local lines = {}
  for r, row in ipairs(rows) do
    local line = {}
    for n, cell in ipairs(row) do
      if n > 1 and is_centred then refuse('& stands outside of an environment that has columns') end
      if n > 1 then line[#line + 1] = node(n % 2 == 1 and has_gaps and '#h(2em) &' or '&') end
      line[#line + 1] = join(cell)
    end
    lines[r] = join(line).typst
  end
  local alone = table.concat(lines, ' \\\n')
  if #lines == 1 then
    local cells = {}
    for n, cell in ipairs(rows[1]) do cells[n] = join(cell) end
    local one = join(cells)
    one.rows = alone
    return one
  end
  for r, line in ipairs(lines) do lines[r] = 'display(' .. (line == '' and '""' or line) .. ')' end
  local result = node('display(mat(delim: #none, row-gap: #0.5em, ' .. table.concat(lines, ' ; ') .. '))',
    table_mathml(rows))
  result.rows = alone
  return result
end

local function matrix(name, columns, rows, lines)
  local options, vertical, letters, width = { 'delim: ' .. MATRICES[name] }, {}, '', 0
  for letter in columns:gmatch('%S') do
    if letter == '|' then vertical[#vertical + 1] = #letters
    elseif letter:match('[lcr]') then letters = letters .. letter
    else refuse('the columns {%s} of an array are not supported', columns) end
  end
  for _, row in ipairs(rows) do width = math.max(width, #row) end
  if name:match('cases') then letters = ('l'):rep(width) end
  if name == 'array' then letters = letters .. ('c'):rep(width - #letters) end
  local is_even = letters == letters:sub(1, 1):rep(#letters)
  local side = is_even and ({ l = 'left', r = 'right' })[letters:sub(1, 1)]
  if side then options[#options + 1] = 'align: #' .. side end
  if #vertical + #lines > 0 then
    local augment = 'augment: #(hline: (%s,), vline: (%s,))'
    augment = augment:format(table.concat(lines, ', '), table.concat(vertical, ', '))
    options[#options + 1] = augment:gsub('%(,%)', '()')
  end
  options[#options + 1] = 'column-gap: #1em'
  for r, row in ipairs(rows) do
    local cells = {}
    for n = 1, width do
      local cell, letter = content(row[n] or {}).typst, letters:sub(n, n)
      if name == 'dcases' then cell = 'display(' .. cell .. ')' end
      if not is_even and letter == 'l' then cell = '& ' .. cell end
      if not is_even and letter == 'r' then cell = cell .. ' &' end
      cells[n] = cell
    end
    options[#options + 1] = (r == 1 and '' or '\2') .. table.concat(cells, ', ')
  end
  local typst = 'mat(' .. table.concat(options, ', '):gsub(', \2', ' ; ') .. ')'
  local fences = FENCES[name] or ''
  local open, close = fences:match('^(' .. utf8.charpattern .. ')(.*)$')
  local mathml = table_mathml(rows)
  if open then mathml = '<mo>' .. open .. '</mo>' .. mathml end
  if close and close ~= '' then mathml = mathml .. '<mo>' .. close .. '</mo>' end
  return node((name == 'smallmatrix' and 'inline(' or 'display(') .. typst .. ')', '<mrow>' .. mathml .. '</mrow>')
end

-- Columns such as l|c@{ }*{3}{r}, without what is between them.
local function array_columns()
  raw_option()
  local columns = raw_text():gsub('%*{(%d+)}{(.-)}', function(times, letters)
    return letters:rep(math.min(tonumber(times), 100))
  end)
  return (columns:gsub('[@!]{.-}', ''))
end

local function parse_environment()
  local name = raw_text()
  local plain = name:gsub('%*$', '')
  local columns = ''
  if name == 'array' then
    columns = array_columns()
  elseif plain == 'alignat' or name == 'alignedat' then
    raw_text()
  end
  if not ALIGNED[plain] and not CENTRED[plain] and not MATRICES[name] then
    refuse('the environment %s is not supported', name)
  end
  local rows, lines = parse_rows()
  expect('\\end')
  if raw_text() ~= name then refuse('\\end{%s} is missing', name) end
  if MATRICES[name] then return matrix(name, columns, rows, lines) end
  if #lines > 0 then refuse('\\hline in %s is not supported', name) end
  local only = rows[1][1]
  if #rows == 1 and #rows[1] == 1 and #only == 1 and only[1].rows then return only[1] end
  return aligned(rows, CENTRED[plain], not plain:match('alignat') and plain ~= 'eqnarray')
end

local function color()
  local model = table.concat(raw_option() or { 'named' })
  local name = raw_text()
  local hex = COLORS[name:lower()] or name:match('^#(%x%x%x%x%x%x)$')
  if model:lower() == 'rgb' then
    hex = ''
    for part in name:gmatch('[%d.]+') do
      local value = (tonumber(part) or 0) * (model == 'rgb' and 255 or 1)
      hex = hex .. ('%02x'):format(math.min(255, math.floor(value + 0.5)))
    end
  end
  if not hex or #hex ~= 6 then refuse('the colour %s is not known', name) end
  return { 'text(fill: #rgb("#' .. hex:lower() .. '"), %1)', '<mstyle mathcolor="#' .. hex:lower() .. '">%1</mstyle>' }
end

local function in_font(font, nodes)
  local names, variant = FONTS[font]:match('(.*):(.*)')
  local all = content(nodes)
  all.mathml = all.mathml:gsub('<(m[in])>', '<%1 mathvariant="' .. variant .. '">')
  local letters = all.typst:gsub(' ', '')
  if names:match('^upright') and letters:match('^%a%a+$') then  -- they are a word
    local one = text_node(letters, names:match(',bold') and 'bold' or names:match(',sans') and 'sans')
    one.mathml = '<mi mathvariant="' .. variant .. '">' .. letters .. '</mi>'
    return one
  end
  for name in names:gmatch('%a+') do all = fill({ name .. '(%1)', '%1' }, { all }) end
  return all
end

local function switch(name)
  local value, outer = SWITCHES[name], size
  if FONTS[name] then return in_font(name, parse_list()) end
  size = tonumber(value) or size
  local rest = content(parse_list())
  size = outer
  local typst = tonumber(value) and ('text(size: #%.3gem, %%1)'):format(value / outer) or value .. '(%1)'
  return fill({ typst, '%1' }, { rest })
end

local function operator(name, has_limits)
  return node('op(' .. literal(name) .. (has_limits and ', limits: #true)' or ')'),
    '<mi mathvariant="normal">' .. name .. '</mi><mo>&#8289;</mo>', has_limits and 'movable')
end

local COMMANDS = {}
function COMMANDS.sqrt()
  local index = option()
  if index then return fill({ 'root(%1, %2)', '<mroot>%2%1</mroot>' }, { content(index), content(argument()) }) end
  return fill({ 'sqrt(%1)', '<msqrt>%1</msqrt>' }, { content(argument()) })
end
function COMMANDS.operatorname()
  local star = accept('*')
  local name = content(argument())
  local letters = name.typst:gsub(' ', '')
  if letters:match('^[%w-]+$') then return operator(letters, star) end
  return fill({ 'op(upright(%1)' .. (star and ', limits: #true)' or ')'), '%1' }, { name }, star and 'movable')
end
function COMMANDS.mathop()
  return fill({ 'op(%1, limits: #true)', '%1' }, { content(argument()) }, 'movable')
end
function COMMANDS.substack()
  expect('{')
  local rows = parse_rows()
  expect('}')
  return node(aligned(rows, true).rows, table_mathml(rows))
end
COMMANDS['not'] = function()
  local token = take() or refuse('an argument is missing')
  return symbol('not' .. (token:match('^\\') and token or ' ' .. token))
end
function COMMANDS.tag()
  local star = accept('*')
  local template = { star and '#h(2em) %1' or '#h(2em) \\(%1\\)', star and '%1' or '<mo>(</mo>%1<mo>)</mo>' }
  tag = fill(template, { parse_text() })
  return node('')
end
-- Between operators the dots are raised.
function COMMANDS.dots()
  return character(RAISED[peek()] and '⋯' or '…')
end
function COMMANDS.label()
  raw_text()
  return node('')
end
COMMANDS.require = COMMANDS.label
function COMMANDS.ref() return text_node(reference(raw_text())) end
function COMMANDS.eqref() return text_node('(' .. reference(raw_text()) .. ')') end
function COMMANDS.textcolor() return fill(color(), { content(argument()) }) end
function COMMANDS.color()
  local template = color()
  return fill(template, { content(peek() == '{' and parse_group() or parse_list()) })
end
function COMMANDS.hspace()
  accept('*')
  if peek() == '{' then return length(raw_text()) end
  local text = ''
  while not text:match('%a%a$') do text = text .. (table.remove(input) or refuse('%s is not a length', text)) end
  return length(text)
end
for _, name in ipairs { 'mspace', 'hskip', 'mskip', 'kern', 'mkern' } do COMMANDS[name] = COMMANDS.hspace end
for _, name in ipairs { 'matrix', 'pmatrix', 'cases' } do  -- as of old: \cases{a & b \cr c & d}
  COMMANDS[name] = function()
    expect('{')
    local rows, lines = parse_rows()
    expect('}')
    return matrix(name, '', rows, lines)
  end
end
COMMANDS.begin, COMMANDS.left = parse_environment, parse_left

local function big(name)
  local word, letter = name:match('^(%a-gg?)([lrm]?)$')
  if not BIG[word] then return end
  local template = { ('class("%s", lr(%%1, size: #%sem))'):format(BIG_CLASSES[letter], BIG[word]), '%1' }
  local one = delimiter()
  return one.typst == '' and one or fill(template, { one })
end

local function run(name)
  local template = TEMPLATES[name]
  if template then
    if name == 'cfrac' then option() end
    local arguments = {}
    for n = 1, 2 do
      if template[1]:find('%' .. n, 1, true) then arguments[n] = content(argument()) end
    end
    return fill(template, arguments, template[3])
  end
  if SWITCHES[name] then return switch(name) end
  if FONTS[name] then return in_font(name, argument()) end
  if TEXTS[name] then return parse_text(TEXTS[name] ~= ':' and TEXTS[name] or nil) end
  if OPERATORS[name] then return operator(name) end
  if LIMIT_OPERATORS[name] then return operator(LIMIT_OPERATORS[name]:gsub('_', ' '), true) end
  if SPACES[name] then return space(SPACES[name] / 18) end
  if ARROWS[name] then
    local below = content(option() or {})
    local typst = 'limits(stretch(' .. ARROWS[name] .. '))^(#h(0.5em) %1 #h(0.5em))'
    return fill({ typst .. (below.typst ~= '""' and '_(%2)' or ''),
      '<munderover><mo>' .. ARROWS[name] .. '</mo>%2%1</munderover>' }, { content(argument()), below })
  end
  if IGNORED[name] then return node('') end
  if DEFINITIONS[name] then
    define(name)
    return node('')
  end
  if COMMANDS[name] then return COMMANDS[name]() end
  local one = big(name) or symbol(name)
  if SPACING[name] then one = fill({ 'class("' .. SPACING[name] .. '", %1)', '%1' }, { one }) end
  return one
end

local function digits()
  local text = ''
  while (input[#input] or ''):match('^%d$') do text = text .. table.remove(input) end
  return text
end

local function number()
  local text = digits()
  if input[#input] == '.' and (input[#input - 1] or ''):match('^%d$') then
    table.remove(input)
    text = text .. '.' .. digits()
  end
  -- 1e-8 is a number, too, and no product.
  local e, sign, first, second = input[#input], input[#input - 1], input[#input - 2], input[#input - 3]
  if (e == 'e' or e == 'E') and (sign == '-' or sign == '+') and (first or ''):match('^%d$')
    and (text == '1' or text:find('%.') or (second or ''):match('^%d$')) then
    table.remove(input)
    table.remove(input)
    local power = digits()
    return node(text .. '\1"' .. e .. '"\1class("normal", ' .. sign .. ') ' .. power,
      '<mn>' .. text .. e .. sign .. power .. '</mn>')
  end
  return node(text, '<mn>' .. text .. '</mn>', 'letter')
end

-- One thing without its scripts.
function parse_atom(is_argument)
  deeper(1)
  local token, result = peek(), nil
  if token == '{' then
    local nodes = parse_group()
    result = #nodes == 1 and nodes[1] or join(nodes)
    if #nodes == 1 and result.typst:match('^[^%w\1"(]+$') then  -- {=} has no space
      result = fill({ 'class("normal", %1)', '%1' }, nodes)
    end
  elseif not is_argument and (token:match('^%d$') or token == '.' and (input[#input - 1] or ''):match('^%d$')) then
    result = number()
  else
    take()
    if token == '~' then result = space(0.25)
    elseif token == "'" then result = node('′', '<mo>′</mo>')
    elseif token:match('^[#$&^_}]$') then refuse('%s has no place here', token)
    elseif token:match('^%d$') then result = node(token, '<mn>' .. token .. '</mn>', 'letter')
    elseif token == '\\' then result = space(0.25)
    elseif token:match('^\\.') then
      local name = token:sub(2)
      result = name:match('^[{}%%$&#_]$') and character(name) or run(name)
    else result = character(token) end
  end
  deeper(-1)
  return result
end

local function trimmed(typst)
  return (typst:gsub('^\1', ''):gsub('\1$', ''))
end

-- The Typst source of a script: `_i`, `^(i + 1)` or `, br: i`.
local function script(mark, typst)
  if typst == '' then return '' end
  if #mark > 1 then return ', ' .. mark .. ': ' .. trimmed(typst) end
  return mark .. (typst:match('^%w$') or '(' .. trimmed(typst) .. ')')
end

local function with_scripts(base)
  local above, below, limits, has_power = {}, nil, nil, false
  while true do
    local token = peek()
    if token == '\\limits' or token == '\\nolimits' or token == '\\displaylimits' then
      limits = take()
    elseif token == "'" or token == '’' or token == '′' then
      take()
      above[#above + 1] = node('′', '<mo>′</mo>')
    elseif token == '^' then
      take()
      if has_power then refuse('it has two exponents') end
      has_power = true
      table.move(argument(), 1, MAX_LENGTH, #above + 1, above)
    elseif token == '_' then
      take()
      if below then refuse('it has two indices') end
      below = argument()
    else break end
  end
  if #above == 0 and not below then return base end
  local sup, sub = join(above), join(below or {})
  local is_over = limits == '\\limits' or base.kind == 'limits' or base.kind == 'movable' and not limits
  local element = (below and (is_over and 'under' or 'sub') or '') .. (#above > 0 and (is_over and 'over' or 'sup') or '')
  local mathml = '<m' .. element .. '><mrow>' .. base.mathml .. '</mrow>'
    .. (below and '<mrow>' .. sub.mathml .. '</mrow>' or '')
    .. (#above > 0 and '<mrow>' .. sup.mathml .. '</mrow>' or '') .. '</m' .. element .. '>'
  local typst = base.typst == '' and '""' or trimmed(base.typst)
  local edge = base.typst:match('^\1') and '\1' or ''
  if base.kind == 'scripted' then typst = 'class("normal", ' .. typst .. ')' end
  if limits == '\\limits' and base.kind ~= 'limits' then typst = 'limits(' .. typst .. ')' end
  if is_over or base.kind == 'letter' then
    typst = typst .. script('_', sub.typst) .. script('^', sup.typst)
  else
    typst = edge .. 'attach(' .. typst .. script('br', sub.typst) .. script('tr', sup.typst) .. ')' .. edge
  end
  return node(typst, mathml, 'scripted')
end

-- In \perp\!\!\!\perp the two make one sign, without their space.
local function keep_close(nodes, one)
  local last = #nodes
  while last > 0 and nodes[last].kind == 'space' do last = last - 1 end
  if last == 0 or nodes[last].typst ~= one.typst or one.kind == 'letter' then return end
  for n = last + 1, #nodes do nodes[n].typst = nodes[n].typst:gsub('^"" (#h%(%-.*%)) ""$', '%1') end
end

-- Whether a minus after these is a sign, though a space is between.
local function is_sign(nodes)
  local last = #nodes
  while last > 0 and nodes[last].kind == 'space' do last = last - 1 end
  if last == #nodes then return false end
  local char = last > 0 and nodes[last].typst:match(utf8.charpattern .. '$')
  return not char or NO_OPERAND:find(char, 1, true) ~= nil
end

-- Everything up to what ends it, which is left for the caller.
function parse_list(closing, is_below)
  local nodes = {}
  while true do
    local token = peek()
    if not token or ENDS[token] or token == closing then return nodes end
    local infix = token:sub(2)
    if INFIXES[infix] and token:match('^\\') then
      take()
      if is_below then refuse('\\%s stands twice in a group', infix) end
      local template = infix == 'over' and TEMPLATES.frac or infix == 'choose' and TEMPLATES.binom
        or { 'mat(delim: #none, row-gap: #0.2em, %1 ; %2)', '<mfrac linethickness="0">%1%2</mfrac>' }
      return { fill(template, { content(nodes), content(parse_list(closing, true)) }) }
    end
    local is_script = token == '^' or token == '_' or token == "'"
    local one = with_scripts(is_script and node('') or parse_atom())
    keep_close(nodes, one)
    if SIGNS[token] and is_sign(nodes) then one = fill({ 'class("normal", %1)', '%1' }, { one }) end
    nodes[#nodes + 1] = one
  end
end

---------------------------------------------------------------- formulas

local function check(tex)
  if #tex > MAX_LENGTH then refuse('it has more than %d characters', MAX_LENGTH) end
  local level = 0
  for brace in tex:gsub('\\.', ''):gmatch('[{}]') do
    level = level + (brace == '{' and 1 or -1)
    if level > MAX_DEPTH then refuse('it is nested too deeply') end
  end
end

local function convert(formula)
  check(formula.tex)
  input, expanded, depth, size, tag = {}, 0, 0, 1, nil
  push(tokenize(formula.tex))
  local rows = parse_rows()
  if peek() then refuse('%s has no place here', peek()) end
  local only = rows[1][1]
  local all = #rows == 1 and #rows[1] == 1 and #only == 1 and only[1].rows and only[1] or aligned(rows, true)
  local typst = (formula.block or #rows > 1) and all.rows or all.typst
  typst = typst:gsub('^[ \1]+', ''):gsub('[ \1]+$', ''):gsub('\1', '/**/')
  if typst == '' then return { typst = '', mathml = '' } end
  local form = formula.block and 'block' or 'inline'
  return {
    typst = formula.block and '$ ' .. typst .. ' $' or '$' .. typst .. '$',
    mathml = '<math display="' .. form .. '" xmlns="http://www.w3.org/1998/Math/MathML"><mrow>' .. all.mathml
      .. '</mrow></math>',
  }
end

return function(formulas)
  for _, formula in ipairs(formulas) do
    local tag, label = formula.tex:match('\\tag%*?{([^{}]*)}%s*\\label{([^{}]*)}')
    if tag then labels[label] = tag end
  end
  return pandoc.List(formulas):map(function(formula)
    local is_good, result = pcall(convert, formula)
    if is_good or type(result) == 'table' then return result end
    return { problem = 'a mistake in maths.lua: ' .. result }
  end)
end
